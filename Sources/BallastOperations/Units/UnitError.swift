/// Why a text is no quantity of bytes or share.
public enum UnitError: Error, Hashable, CustomStringConvertible {
  /// The text does not begin with a plain decimal number.
  case notANumber(text: String)
  /// The unit after the number is not known.
  case unknownUnit(text: String, unit: String)
  /// A fraction of a byte was asked for.
  case fractionWithoutUnit(text: String)
  /// The number of bytes cannot be represented, or is zero.
  case bytesOutOfRange(text: String)
  /// The share is outside its range.
  case shareOutOfRange(text: String, allowed: ClosedRange<Double>)

  /// The fact, with the text, the limit and what to write instead.
  public var description: String {
    switch self {
    case .notANumber(let text):
      "'\(excerpt(text))' is not an amount; write bytes (12345, 512MiB, 1.5GB) or a share (0.8, 80%)"
    case .unknownUnit(let text, let unit):
      "'\(excerpt(text))' has the unknown unit '\(excerpt(unit))'; known are \(ByteCount.unitNames)"
    case .fractionWithoutUnit(let text):
      "'\(excerpt(text))' is a fraction of a byte; add a unit (\(ByteCount.unitNames))"
    case .bytesOutOfRange(let text): "'\(excerpt(text))' is out of range; allowed is 1 to \(Int.max) bytes"
    case .shareOutOfRange(let text, let allowed):
      "'\(excerpt(text))' is out of range; a share is \(allowed.lowerBound) to \(allowed.upperBound)"
    }
  }
}
