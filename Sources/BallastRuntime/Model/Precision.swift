/// How a replica's weights are stored, from the most exact to the least.
public enum Precision: UInt8, CaseIterable, Sendable, CustomStringConvertible {
  /// IEEE 754 binary32: the reference.
  case float32
  /// The upper half of binary32.
  case bfloat16
  /// Eight-bit integers with scales.
  case int8
  /// Four-bit integers with scales.
  case int4

  /// The name used in configuration, reports and JSON.
  public var description: String {
    switch self {
    case .float32: "float32"
    case .bfloat16: "bfloat16"
    case .int8: "int8"
    case .int4: "int4"
    }
  }

  /// The precision with this name, or nil.
  public init?(name: String) {
    guard let match = Precision.allCases.first(where: { $0.description == name }) else { return nil }
    self = match
  }

  /// Whether weights stored this way may stand in where `least` is asked for.
  public func satisfies(_ least: Precision) -> Bool { rawValue <= least.rawValue }
}
