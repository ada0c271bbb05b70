/// Scales each row to a mean square of 1, then by a weight a column.
enum RootMeanSquareNorm {
  /// Overwrites `output[row][column]`; both buffers hold at least `rows` rows of `weight.count`.
  static func normalize(
    _ input: [Float], rows: Int, weight: [Float], epsilon: Double, into output: inout [Float]
  ) {
    let width = weight.count
    let source = input.span
    let scale = weight.span
    var target = output.mutableSpan
    for row in 0..<rows {
      let first = row * width
      // Eight sums: a single one would make every addition wait for the one before it.
      var sums = SIMD8<Float>.zero
      var column = 0
      while column + 8 <= width {
        for lane in 0..<8 { sums[lane] += source[first + column + lane] * source[first + column + lane] }
        column += 8
      }
      var sum = sums.sum()
      while column < width {
        sum += source[first + column] * source[first + column]
        column += 1
      }
      let factor = 1 / (sum / Float(width) + Float(epsilon)).squareRoot()
      for column in 0..<width { target[first + column] = source[first + column] * factor * scale[column] }
    }
  }
}
