/// How the elements of a stored tensor are encoded.
public enum ElementType: String, CaseIterable, Sendable, CustomStringConvertible {
  /// The upper half of IEEE 754 binary32.
  case bfloat16 = "BF16"
  /// IEEE 754 binary16.
  case float16 = "F16"
  /// IEEE 754 binary32.
  case float32 = "F32"

  /// Bytes of one element.
  public var bytes: Int {
    switch self {
    case .bfloat16, .float16: 2
    case .float32: 4
    }
  }

  /// The name the file format uses.
  public var description: String { rawValue }
}
