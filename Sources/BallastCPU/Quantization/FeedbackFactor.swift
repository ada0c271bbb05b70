/// The factors of moments H = U · D · Uᵀ, U upper triangular with ones on its diagonal: what error feedback needs.
///
/// For an error row e, e · H · eᵀ = Σ over k of D[k] · (e[k] + Σ over i < k of e[i] · U[i][k])²: rounding column k after
/// adding what the columns before it err leaves each term as small as one step allows.
struct FeedbackFactor: Sendable {
  let width: Int
  /// `[row][column]`; entries at and below the diagonal are not meaningful.
  private(set) var feedback: [Float]
  /// D, `[column]`.
  private(set) var weights: [Float]

  /// Factors `moments` (`[row][column]`, symmetric, mean diagonal 1) with `damping` added to its diagonal.
  ///
  /// - Returns: nil when the sum is not positive definite.
  init?(_ moments: [Float], width: Int, damping: Double) {
    self.width = width
    // Column by column from the last: H = R · Rᵀ with R upper triangular, R[i][j] at [j][i], so that rows are contiguous.
    var columns = Array(repeating: 0.0, count: width * width)
    feedback = Array(repeating: 0, count: width * width)
    weights = Array(repeating: 0, count: width)
    var rest = moments.map(Double.init)
    for index in 0..<width { rest[index * width + index] += damping }
    for pivot in (0..<width).reversed() {
      let square = rest[pivot * width + pivot]
      guard square > 0, square.isFinite else { return nil }
      weights[pivot] = Float(square)
      for row in 0..<pivot { columns[pivot * width + row] = rest[pivot * width + row] / square }
      for row in 0..<pivot {
        let factor = columns[pivot * width + row] * square
        guard factor != 0 else { continue }
        Self.subtract(factor, columns, from: &rest, row: row * width, source: pivot * width, count: row + 1)
        feedback[row * width + pivot] = Float(columns[pivot * width + row])
      }
    }
  }

  /// rest[row][0..<count] −= factor · columns[source][0..<count].
  private static func subtract(
    _ factor: Double, _ columns: [Double], from rest: inout [Double], row: Int, source: Int, count: Int
  ) {
    var target = rest.mutableSpan
    let values = columns.span
    for index in 0..<count { target[row + index] -= factor * values[source + index] }
  }
}
