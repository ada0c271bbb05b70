/// Second moments of what a matrix reads: Σ weight · x · xᵀ over calibration tokens.
///
/// The error of a quantized row q on those tokens is (w − q) · moments · (w − q)ᵀ.
struct InputMoments: Sendable {
  /// Length of what is read.
  let width: Int
  /// `[row][column]`, symmetric; only columns up to the row are kept current until `symmetric` is asked for.
  private(set) var sums: [Float]
  /// Tokens taken in.
  private(set) var tokens = 0

  /// Sums over nothing.
  init(width: Int) {
    self.width = width
    sums = Array(repeating: 0, count: width * width)
  }

  /// Takes in one token; what is not finite, or weighs nothing, teaches nothing.
  mutating func add(_ input: Span<Float>, weight: Float) {
    guard weight > 0, weight.isFinite, input.count == width, isFinite(input) else { return }
    tokens += 1
    let rows = width
    var all = sums.mutableSpan
    for row in 0..<rows {
      let factor = weight * input[row]
      let first = row * rows
      for column in 0...row { all[first + column] += factor * input[column] }
    }
  }

  /// The sums with both halves filled, scaled to a mean diagonal of 1.
  ///
  /// - Returns: nil when nothing was taken in.
  var symmetric: [Float]? {
    var trace = 0.0
    for index in 0..<width { trace += Double(sums[index * width + index]) }
    guard tokens > 0, trace > 0, trace.isFinite else { return nil }
    let factor = Float(Double(width) / trace)
    var full = sums
    for row in 0..<width {
      for column in 0...row {
        let value = sums[row * width + column] * factor
        full[row * width + column] = value
        full[column * width + row] = value
      }
    }
    return full
  }

  private func isFinite(_ values: Span<Float>) -> Bool {
    var sum: Float = 0
    for index in values.indices { sum += values[index] * 0 }
    return sum == 0
  }
}
