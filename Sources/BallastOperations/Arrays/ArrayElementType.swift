/// How one element of an array is stored; the raw value is NumPy's name without the byte order.
public enum ArrayElementType: String, CaseIterable, Sendable {
  /// An unsigned byte.
  case uint8 = "u1"
  /// A signed byte.
  case int8 = "i1"
  /// Unsigned, two bytes.
  case uint16 = "u2"
  /// Signed, two bytes.
  case int16 = "i2"
  /// Unsigned, four bytes.
  case uint32 = "u4"
  /// Signed, four bytes.
  case int32 = "i4"
  /// Unsigned, eight bytes.
  case uint64 = "u8"
  /// Signed, eight bytes.
  case int64 = "i8"
  /// IEEE 754 binary16.
  case float16 = "f2"
  /// IEEE 754 binary32.
  case float32 = "f4"
  /// IEEE 754 binary64.
  case float64 = "f8"

  /// Bytes one element takes.
  public var byteCount: Int {
    switch self {
    case .uint8, .int8: 1
    case .uint16, .int16, .float16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    }
  }

  /// Whether elements are floating-point numbers.
  public var isFloatingPoint: Bool {
    switch self {
    case .float16, .float32, .float64: true
    default: false
    }
  }

  /// The name with its byte order, as it stands in a file.
  var descriptor: String { (byteCount == 1 ? "|" : "<") + rawValue }

  static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
