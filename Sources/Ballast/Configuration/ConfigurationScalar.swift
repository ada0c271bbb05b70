public import BallastControl

/// The value of one key.
public enum ConfigurationScalar: Hashable, Sendable, CustomStringConvertible {
  /// A whole number.
  case integer(Int)
  /// A finite number.
  case number(Double)
  /// A word of a fixed choice.
  case word(String)
  /// Experts of layers.
  case experts(PinnedExperts)

  /// The value as it is written in a file.
  public var description: String {
    switch self {
    case .integer(let value): "\(value)"
    case .number(let value): plain(value)
    case .word(let value): value
    case .experts(let value): value.description
    }
  }
}
