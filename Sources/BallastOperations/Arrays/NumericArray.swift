/// An array of numbers in NumPy's `.npy` format: a shape and its elements, row-major.
///
/// Elements stay as they are stored and are converted, checked, when asked for.
public struct NumericArray: Hashable, Sendable {
  /// Where the array came from, for messages.
  public let source: String
  /// The size of each dimension, slowest first; empty for a single number.
  public let shape: [Int]
  /// How elements are stored.
  public let type: ArrayElementType
  /// The elements, little-endian, row-major.
  private let bytes: ArraySlice<UInt8>

  /// Most bytes an array file may have.
  public static let limitBytes = 1 << 30

  /// Reads an array file.
  ///
  /// - Throws: `ArrayError`: `file` when it cannot be read, otherwise what is wrong with its header or size.
  public static func read(_ path: String) throws(ArrayError) -> NumericArray {
    let content: [UInt8]
    do throws(FileError) {
      content = try WholeFile.read(path, limitBytes: limitBytes)
    } catch {
      throw .file(error)
    }
    return try NumericArray(decoding: content, source: path)
  }

  /// Reads the bytes of an array file.
  ///
  /// - Throws: `ArrayError`: what is wrong with the header or the size.
  public init(decoding content: [UInt8], source: String) throws(ArrayError) {
    let header = try ArrayHeader(content, file: source)
    self.source = source
    shape = header.shape
    type = header.type
    bytes = content[header.byteCount...]
  }

  /// An array of floating-point numbers.
  ///
  /// - Throws: `ArrayError.sizeOverflow` or `sizeMismatch` when `shape` does not hold as many values.
  public init(_ values: [Float], shape: [Int]) throws(ArrayError) {
    try self.init(values.map(\.bitPattern), type: .float32, shape: shape)
  }

  /// An array of signed integers.
  ///
  /// - Throws: `ArrayError.sizeOverflow` or `sizeMismatch` when `shape` does not hold as many values.
  public init(_ values: [Int32], shape: [Int]) throws(ArrayError) {
    try self.init(values.map { UInt32(bitPattern: $0) }, type: .int32, shape: shape)
  }

  /// An array of unsigned bytes.
  ///
  /// - Throws: `ArrayError.sizeOverflow` or `sizeMismatch` when `shape` does not hold as many values.
  public init(_ values: [UInt8], shape: [Int]) throws(ArrayError) {
    try self.init(values, type: .uint8, shape: shape)
  }

  private init(_ patterns: [some FixedWidthInteger], type: ArrayElementType, shape: [Int]) throws(ArrayError) {
    source = "array"
    self.shape = shape
    self.type = type
    bytes =
      patterns.flatMap { pattern in
        (0..<type.byteCount).map { UInt8(truncatingIfNeeded: pattern >> (8 * $0)) }
      }[...]
    let needed = try ArrayHeader.byteCount(shape: shape, type: type, file: source)
    guard needed == bytes.count else {
      throw .sizeMismatch(file: source, shape: shape, neededBytes: needed, foundBytes: bytes.count)
    }
  }

  /// Elements in all.
  public var count: Int { bytes.count / type.byteCount }

  /// The bytes of the array file, header included.
  public var encoded: [UInt8] { ArrayHeader.encoded(type: type, shape: shape) + bytes }

  /// Writes the array file, replacing what stands there.
  ///
  /// - Throws: `FileError.unwritable`; the old file stands.
  public func write(to path: String) throws(FileError) { try WholeFile.write(encoded, to: path) }

  /// The bits of an element, widened with zeros.
  func pattern(at index: Int) -> UInt64 {
    let first = bytes.startIndex + index * type.byteCount
    var pattern: UInt64 = 0
    for offset in 0..<type.byteCount { pattern |= UInt64(bytes[first + offset]) << UInt64(8 * offset) }
    return pattern
  }

  /// Where the element at `index` stands, one coordinate a dimension.
  func position(of index: Int) -> [Int] {
    var rest = index
    var position: [Int] = []
    for dimension in shape.reversed() {
      position.append(rest % max(dimension, 1))
      rest /= max(dimension, 1)
    }
    return position.reversed()
  }
}
