/// What stands before the elements of an array file: their type, the shape, and where they begin.
struct ArrayHeader {
  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  static let limitBytes = 65_536
  static let dimensionLimit = 32

  let type: ArrayElementType
  let shape: [Int]
  /// Bytes before the first element.
  let byteCount: Int

  /// Reads the header of a whole file and checks that the elements fill the rest of it exactly.
  init(_ bytes: [UInt8], file: String) throws(ArrayError) {
    let text = try Self.textRange(bytes, file: file)
    var scanner = ArrayHeaderScanner(bytes: bytes[text], file: file)
    let fields = try scanner.fields()
    guard !fields.isColumnMajor else { throw .columnMajor(file: file) }
    guard fields.shape.count <= Self.dimensionLimit else {
      throw .tooManyDimensions(file: file, dimensions: fields.shape.count, limit: Self.dimensionLimit)
    }
    type = try Self.elementType(fields.descriptor, file: file)
    shape = fields.shape
    byteCount = text.upperBound
    let needed = try Self.byteCount(shape: shape, type: type, file: file)
    guard needed == bytes.count - byteCount else {
      throw .sizeMismatch(file: file, shape: shape, neededBytes: needed, foundBytes: bytes.count - byteCount)
    }
  }

  /// Bytes the elements of `shape` take.
  static func byteCount(shape: [Int], type: ArrayElementType, file: String) throws(ArrayError) -> Int {
    // A dimension of zero must not hide an overflow of the others: writers and readers multiply in any order.
    var product = type.byteCount
    for dimension in shape where dimension != 0 {
      let (next, overflow) = product.multipliedReportingOverflow(by: dimension)
      guard !overflow, dimension > 0 else { throw .sizeOverflow(file: file, shape: shape) }
      product = next
    }
    return shape.contains(0) ? 0 : product
  }

  private static func textRange(_ bytes: [UInt8], file: String) throws(ArrayError) -> Range<Int> {
    guard bytes.starts(with: magic) else { throw .notAnArray(file: file) }
    guard bytes.count >= 10 else { throw .headerTruncated(file: file, neededBytes: 10, fileBytes: bytes.count) }
    let major = Int(bytes[6])
    let minor = Int(bytes[7])
    guard (1...3).contains(major), minor == 0 else {
      throw .unsupportedVersion(file: file, major: major, minor: minor)
    }
    let start = major == 1 ? 10 : 12
    guard bytes.count >= start else { throw .headerTruncated(file: file, neededBytes: start, fileBytes: bytes.count) }
    let length = bytes[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= limitBytes else { throw .headerTooLong(file: file, bytes: length, limitBytes: limitBytes) }
    guard bytes.count >= start + length else {
      throw .headerTruncated(file: file, neededBytes: start + length, fileBytes: bytes.count)
    }
    return start..<start + length
  }

  private static func elementType(_ descriptor: String, file: String) throws(ArrayError) -> ArrayElementType {
    guard let order = descriptor.first, let type = ArrayElementType(rawValue: String(descriptor.dropFirst())) else {
      throw .unsupportedType(file: file, type: descriptor)
    }
    switch order {
    case "<": return type
    case "|" where type.byteCount == 1: return type
    case ">" where type.byteCount == 1: return type
    case ">": throw .bigEndian(file: file, type: descriptor)
    default: throw .unsupportedType(file: file, type: descriptor)
    }
  }

  /// The header a writer puts before the elements, padded so that they begin at a multiple of 64 bytes.
  static func encoded(type: ArrayElementType, shape: [Int]) -> [UInt8] {
    let dimensions = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    let text = "{'descr': '\(type.descriptor)', 'fortran_order': False, 'shape': (\(dimensions)), }"
    let length = (10 + text.utf8.count + 1 + 63) / 64 * 64 - 10
    let padding = Array(repeating: UInt8(ascii: " "), count: length - text.utf8.count - 1)
    let prefix = magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)]
    return prefix + Array(text.utf8) + padding + [UInt8(ascii: "\n")]
  }
}
