/// Why an array file cannot be used; every case names the file.
public enum ArrayError: Error, Hashable, CustomStringConvertible {
  /// The file cannot be read or written.
  case file(FileError)
  /// The file does not begin as a NumPy array does.
  case notAnArray(file: String)
  /// The format version is not 1.0, 2.0 or 3.0.
  case unsupportedVersion(file: String, major: Int, minor: Int)
  /// The header says it is longer than the limit.
  case headerTooLong(file: String, bytes: Int, limitBytes: Int)
  /// The file ends inside its header.
  case headerTruncated(file: String, neededBytes: Int, fileBytes: Int)
  /// The header is not the expected dictionary.
  case malformedHeader(file: String, byte: Int, expected: String)
  /// The elements are of a type that is not read here.
  case unsupportedType(file: String, type: String)
  /// The elements are stored most significant byte first.
  case bigEndian(file: String, type: String)
  /// The array is stored column by column.
  case columnMajor(file: String)
  /// The shape has more dimensions than the limit.
  case tooManyDimensions(file: String, dimensions: Int, limit: Int)
  /// The shape needs more bytes than can be addressed.
  case sizeOverflow(file: String, shape: [Int])
  /// The file holds fewer or more bytes than its shape needs.
  case sizeMismatch(file: String, shape: [Int], neededBytes: Int, foundBytes: Int)
  /// The array has another shape than its use asks for.
  case wrongShape(file: String, shape: [Int], expected: String)
  /// An element is negative, too large, not whole, or not a number.
  case valueOutOfRange(file: String, position: [Int], value: String, allowed: String)
  /// All loads together exceed what is counted exactly.
  case totalTooLarge(file: String, limit: Int)
  /// Nothing says how many experts a layer has.
  case expertsUnknown(file: String)
  /// The array reads as expert ids and as counts alike.
  case ambiguousTrace(file: String, lastDimension: Int)
  /// The description beside a trace cannot be used.
  case malformedDescription(file: String, problem: String)
  /// The window does not fit into the trace.
  case windowOutOfRange(file: String, rows: Int, available: Int)

  /// The fact, with the file, the value and the limit.
  public var description: String {
    switch self {
    case .file(let error): error.description
    case .notAnArray(let file): "\(file) is not a NumPy array: it does not begin with \\x93NUMPY"
    case .unsupportedVersion(let file, let major, let minor):
      "\(file) has array format \(major).\(minor); 1.0, 2.0 and 3.0 are read"
    case .headerTooLong(let file, let bytes, let limitBytes):
      "\(file) announces a header of \(bytes) bytes; the limit is \(limitBytes)"
    case .headerTruncated(let file, let neededBytes, let fileBytes):
      "\(file) ends inside its header: it needs \(neededBytes) bytes and has \(fileBytes)"
    case .malformedHeader(let file, let byte, let expected):
      "\(file) has a malformed header: at byte \(byte), expected \(expected)"
    case .unsupportedType(let file, let type):
      "\(file) has elements of type \(excerpt(type)); read are \(ArrayElementType.names)"
    case .bigEndian(let file, let type):
      "\(file) has big-endian elements (\(excerpt(type))); store them little-endian"
    case .columnMajor(let file): "\(file) is stored in Fortran order; store it in C order"
    case .tooManyDimensions(let file, let dimensions, let limit):
      "\(file) has \(dimensions) dimensions; the limit is \(limit)"
    case .sizeOverflow(let file, let shape): "\(file) has shape \(shape), more bytes than can be addressed"
    case .sizeMismatch(let file, let shape, let neededBytes, let foundBytes):
      "\(file) has shape \(shape), which takes \(neededBytes) bytes, but holds \(foundBytes)"
    case .wrongShape, .valueOutOfRange, .totalTooLarge, .expertsUnknown, .ambiguousTrace, .malformedDescription,
      .windowOutOfRange:
      useDescription
    }
  }

  /// What is wrong with a readable array for the use it is put to.
  private var useDescription: String {
    switch self {
    case .wrongShape(let file, let shape, let expected): "\(file) has shape \(shape); expected is \(expected)"
    case .valueOutOfRange(let file, let position, let value, let allowed):
      "\(file) has \(value) at \(position); allowed is \(allowed)"
    case .totalTooLarge(let file, let limit): "\(file) has loads that sum to more than \(limit)"
    case .expertsUnknown(let file):
      "\(file) does not say how many experts a layer has; state it, or put a meta.json with \"experts\" beside it"
    case .ambiguousTrace(let file, let lastDimension):
      "\(file) has a last dimension of \(lastDimension), which is both the experts of a layer and the experts "
        + "of a token; such a trace has nothing to balance"
    case .malformedDescription(let file, let problem): "\(file) does not describe a trace: \(problem)"
    case .windowOutOfRange(let file, let rows, let available):
      "\(file) cannot be cut into windows of \(rows): allowed is 1 to \(available)"
    default: ""
    }
  }
}
