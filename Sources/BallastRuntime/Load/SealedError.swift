/// Why bytes are not what they are read as.
public enum SealedError: Error, Hashable, CustomStringConvertible {
  /// There are too few bytes, or more than the content has.
  case length(bytes: Int)
  /// The bytes are something else.
  case anotherKind
  /// The bytes are of a version this library does not know.
  case version(UInt64, known: UInt64)
  /// The checksum is not that of the bytes.
  case damaged
  /// A value is outside its range.
  case outOfRange(String, value: String, allowed: String)
  /// The placement in it cannot be.
  case placement(PlacementError)

  /// The fact, with the values.
  public var description: String {
    switch self {
    case .length(let bytes): "\(bytes) bytes are too few or too many for what they say they are"
    case .anotherKind: "the bytes are something else: they begin otherwise"
    case .version(let version, let known): "the bytes are of version \(version); this library knows \(known)"
    case .damaged: "the bytes are damaged: their checksum does not fit"
    case .outOfRange(let name, let value, let allowed): "\(name) is \(value); allowed is \(allowed)"
    case .placement(let error): error.description
    }
  }
}
