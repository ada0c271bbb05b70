/// Why copies cannot be packed as asked.
public enum PackingError: Error, Hashable, CustomStringConvertible {
  /// A number is not in the range of what can be packed.
  case outOfRange(name: String, value: Int, allowed: ClosedRange<Int>)
  /// A number does not divide by another.
  case uneven(name: String, value: Int, divisorName: String, divisor: Int)
  /// There are fewer copies than experts.
  case tooFewCopies(copies: Int, experts: Int)
  /// Some expert would be twice on one device.
  case tooManyCopies(copies: Int, limit: Int)
  /// A layer has loads for another number of experts.
  case loadCount(layer: Int, loads: Int, experts: Int)
  /// A load is negative, infinite or no number.
  case load(layer: Int, expert: Int, value: Double)

  /// The fact, with the quantities and what to change.
  public var description: String {
    switch self {
    case .outOfRange(let name, let value, let allowed):
      "\(name) is \(value); allowed is \(allowed.lowerBound) to \(allowed.upperBound)"
    case .uneven(let name, let value, let divisorName, let divisor):
      "\(value) \(name) cannot be shared evenly by \(divisor) \(divisorName); take a multiple of \(divisor)"
    case .tooFewCopies(let copies, let experts):
      "\(copies) copies are not one for each of \(experts) experts; take at least \(experts)"
    case .tooManyCopies(let copies, let limit):
      "\(copies) copies would put an expert on a device twice; take at most \(limit)"
    case .loadCount(let layer, let loads, let experts):
      "layer \(layer) has \(loads) loads; layer 0 has \(experts)"
    case .load(let layer, let expert, let value):
      "the load of expert \(expert) in layer \(layer) is \(value); it must be a number of at least 0"
    }
  }
}
