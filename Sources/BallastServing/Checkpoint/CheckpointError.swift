/// Why a checkpoint cannot be used; every case names the file.
public enum CheckpointError: Error, Hashable, CustomStringConvertible {
  /// The file cannot be opened, is not a regular file, or cannot be mapped.
  case unreadable(file: String, reason: String)
  /// The directory holds no file of the kind.
  case noFiles(directory: String, suffix: String)
  /// The file has fewer bytes than its format needs.
  case tooShort(file: String, bytes: Int, neededBytes: UInt64)
  /// The file, or the header it announces, is larger than is read.
  case tooLong(file: String, what: String, bytes: UInt64, limit: Int)
  /// The text is not JSON.
  case notJSON(file: String, byte: Int, reason: String)
  /// A name occurs twice.
  case duplicate(file: String, name: String)
  /// A field that is needed does not occur.
  case missing(file: String, field: String)
  /// A field is of another type.
  case wrongType(file: String, field: String, expected: String)
  /// A number is outside its range.
  case outOfRange(file: String, field: String, value: String, allowed: String)
  /// A value asks for something this reader does not do.
  case unsupported(file: String, field: String, value: String, supported: String)
  /// A tensor's shape multiplies to more bytes than can be addressed.
  case shapeOverflow(file: String, tensor: String, shape: [Int])
  /// A tensor's shape and its offsets disagree.
  case byteCount(file: String, tensor: String, shapeBytes: Int, offsetBytes: Int)
  /// A tensor ends after the file does, or before it starts.
  case offsets(file: String, tensor: String, start: Int, end: Int, limit: Int)
  /// A tensor does not start where the one before it ends: they overlap, or bytes belong to none.
  case notContiguous(file: String, tensor: String, start: Int, previousEnd: Int)
  /// Bytes after the last tensor belong to none.
  case trailingBytes(file: String, bytes: Int)
  /// A tensor the configuration asks for does not occur.
  case missingTensor(directory: String, tensor: String)
  /// A tensor has another shape than the configuration asks for.
  case wrongShape(file: String, tensor: String, shape: [Int], expected: [Int])
  /// The experts are not all stored in one type.
  case mixedTypes(file: String, tensor: String, type: ElementType, expected: ElementType)

  /// The fact, with the file, the values and the limits.
  public var description: String {
    switch self {
    case .unreadable(let file, let reason): "\(file): cannot be read: \(reason)"
    case .noFiles(let directory, let suffix): "\(directory): has no file that ends in \(suffix)"
    case .tooShort(let file, let bytes, let needed): "\(file): has \(bytes) bytes; needs \(needed)"
    case .tooLong(let file, let what, let bytes, let limit):
      "\(file): \(what) has \(bytes) bytes; the limit is \(limit)"
    case .notJSON(let file, let byte, let reason): "\(file): byte \(byte) of the JSON text: \(reason)"
    case .duplicate(let file, let name): "\(file): \(name) occurs twice"
    case .missing(let file, let field): "\(file): \(field) is missing"
    case .wrongType(let file, let field, let expected): "\(file): \(field) must be \(expected)"
    case .outOfRange(let file, let field, let value, let allowed):
      "\(file): \(field) is \(value); allowed is \(allowed)"
    case .unsupported(let file, let field, let value, let supported):
      "\(file): \(field) is \(value); supported is \(supported)"
    default: tensorDescription
    }
  }

  private var tensorDescription: String {
    switch self {
    case .shapeOverflow(let file, let tensor, let shape):
      "\(file): \(tensor) has shape \(shape), more bytes than can be addressed"
    case .byteCount(let file, let tensor, let shapeBytes, let offsetBytes):
      "\(file): \(tensor) takes \(shapeBytes) bytes by its shape, \(offsetBytes) by its offsets"
    case .offsets(let file, let tensor, let start, let end, let limit):
      "\(file): \(tensor) lies at bytes \(start) to \(end); the file has \(limit) bytes of tensors"
    case .notContiguous(let file, let tensor, let start, let previousEnd):
      "\(file): \(tensor) starts at byte \(start), but the tensor before it ends at \(previousEnd)"
    case .trailingBytes(let file, let bytes): "\(file): \(bytes) bytes after the last tensor belong to none"
    case .missingTensor(let directory, let tensor): "\(directory): has no tensor \(tensor)"
    case .wrongShape(let file, let tensor, let shape, let expected):
      "\(file): \(tensor) has shape \(shape); the configuration asks for \(expected)"
    case .mixedTypes(let file, let tensor, let type, let expected):
      "\(file): \(tensor) is stored as \(type), other experts as \(expected)"
    default: ""
    }
  }
}
