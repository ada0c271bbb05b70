/// A safetensors file: its tensors by name, every bound checked, none of their contents read.
///
/// The format is eight bytes of header length, a JSON header, and the tensors one after another.
public struct Safetensors: Sendable {
  /// Bytes a header may have; the format's own limit.
  public static let headerLimit = 100_000_000

  /// The file.
  public let path: String
  /// Its tensors.
  public let tensors: [String: Tensor]

  /// Maps a file and checks its header against its size.
  ///
  /// - Throws: `CheckpointError` naming the file, the first bad value and its limit; nothing stays open.
  /// - Complexity: O(tensors · log tensors); reads the header only.
  public init(path: String) throws(CheckpointError) {
    let file = try MappedFile(path)
    let headerBytes = try Self.headerBytes(of: file)
    let start = 8 + headerBytes
    let text = file.withBytes(8..<start) { bytes in
      // Safety: a byte is valid whatever its bits; the loads are bounds-checked.
      bytes.byteOffsets.map { unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
    }
    let fields = try JSONFields(try JSONReader.read(text, file: path), file: path)
    var tensors: [Tensor] = []
    for (name, entry) in fields.values where name != "__metadata__" {
      tensors.append(try Self.tensor(name, entry, file: file, start: start))
    }
    try Self.checkContiguous(tensors, file: file, start: start)
    self.path = path
    self.tensors = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0) })
  }

  private static func headerBytes(of file: MappedFile) throws(CheckpointError) -> Int {
    guard file.count >= 8 else { throw .tooShort(file: file.path, bytes: file.count, neededBytes: 8) }
    // Safety: eight bytes exist; any bit pattern is a valid integer.
    let length = file.withBytes(0..<8) {
      unsafe UInt64(littleEndian: $0.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self))
    }
    guard length <= UInt64(headerLimit) else {
      throw .tooLong(file: file.path, what: "the header", bytes: length, limit: headerLimit)
    }
    guard length <= UInt64(file.count - 8) else {
      throw .tooShort(file: file.path, bytes: file.count, neededBytes: length + 8)
    }
    return Int(length)
  }

  private static func tensor(
    _ name: String, _ entry: JSONValue, file: MappedFile, start: Int
  ) throws(CheckpointError) -> Tensor {
    let fields = try JSONFields(entry, file: file.path, name: name)
    let stored = try fields.string("dtype")
    guard let element = ElementType(rawValue: stored) else {
      let supported = ElementType.allCases.map(\.rawValue).joined(separator: ", ")
      throw .unsupported(file: file.path, field: name + ".dtype", value: stored, supported: supported)
    }
    let shape = try fields.integers("shape", in: 0...Int.max)
    let offsets = try fields.integers("data_offsets", in: 0...Int.max)
    guard offsets.count == 2 else {
      throw .wrongType(file: file.path, field: name + ".data_offsets", expected: "two integers")
    }
    let limit = file.count - start
    guard offsets[0] <= offsets[1], offsets[1] <= limit else {
      throw .offsets(file: file.path, tensor: name, start: offsets[0], end: offsets[1], limit: limit)
    }
    guard let count = product(shape), let bytes = product([count, element.bytes]) else {
      throw .shapeOverflow(file: file.path, tensor: name, shape: shape)
    }
    guard bytes == offsets[1] - offsets[0] else {
      throw .byteCount(file: file.path, tensor: name, shapeBytes: bytes, offsetBytes: offsets[1] - offsets[0])
    }
    return Tensor(
      name: name, element: element, shape: shape, count: count, file: file,
      range: start + offsets[0]..<start + offsets[1])
  }

  private static func product(_ factors: [Int]) -> Int? {
    var product = 1
    for factor in factors {
      let (next, overflow) = product.multipliedReportingOverflow(by: factor)
      if overflow { return nil }
      product = next
    }
    return product
  }

  private static func checkContiguous(
    _ tensors: [Tensor], file: MappedFile, start: Int
  ) throws(CheckpointError) {
    var end = start
    let ordered = tensors.sorted {
      ($0.range.lowerBound, $0.range.upperBound, $0.name) < ($1.range.lowerBound, $1.range.upperBound, $1.name)
    }
    for tensor in ordered {
      guard tensor.range.lowerBound == end else {
        throw .notContiguous(
          file: file.path, tensor: tensor.name, start: tensor.range.lowerBound - start, previousEnd: end - start)
      }
      end = tensor.range.upperBound
    }
    guard end == file.count else { throw .trailingBytes(file: file.path, bytes: file.count - end) }
  }
}
