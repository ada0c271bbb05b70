/// Sums of squares for ‖approximation − exact‖ / ‖exact‖.
struct RelativeError {
  private var difference = 0.0
  private var size = 0.0

  /// Adds one pair of numbers.
  mutating func add(_ approximation: Float, exact: Float) {
    let distance = Double(approximation) - Double(exact)
    difference += distance * distance
    size += Double(exact) * Double(exact)
  }

  /// The ratio; 0 when both are 0, 1 when only the exact numbers are, nil when it is not a number.
  var value: Double? {
    guard difference.isFinite, size.isFinite else { return nil }
    return size > 0 ? (difference / size).squareRoot() : difference > 0 ? 1 : 0
  }
}
