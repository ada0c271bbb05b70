/// Rounds every weight to the nearest code, the scale of a group fitting its largest weight.
struct PlainQuantizer: Sendable {
  let grid: QuantizationGrid

  /// Rounds `[row][column]` weights, all of them finite.
  func quantize(_ weights: [Float], rows: Int, columns: Int) -> QuantizedMatrix {
    var matrix = QuantizedMatrix(rows: rows, columns: columns, grid: grid)
    let groups = grid.groups(columns)
    for row in 0..<rows {
      for group in 0..<groups {
        let range = grid.columns(of: group, in: columns)
        let own = weights.span.extracting(row * columns + range.lowerBound..<row * columns + range.upperBound)
        let scale = grid.plainScale(own)
        matrix.scales[row * groups + group] = scale
        for index in own.indices {
          matrix.codes[row * columns + range.lowerBound + index] = grid.code(own[index], scale: scale)
        }
      }
    }
    return matrix
  }
}
