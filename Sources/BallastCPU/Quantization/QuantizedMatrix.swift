/// A matrix as whole steps and one scale for each group of a row.
///
/// Format-neutral: what packs it decides how steps and scales lie in memory.
struct QuantizedMatrix: Hashable, Sendable {
  /// Outputs.
  let rows: Int
  /// Length of the reduction.
  let columns: Int
  /// How fine the steps are, and how many weights share a scale.
  let grid: QuantizationGrid
  /// `[row][column]`: weight = step · scale of its group.
  var steps: [Int8]
  /// `[row][group]`.
  var scales: [Float]

  /// All zeros.
  init(rows: Int, columns: Int, grid: QuantizationGrid) {
    self.rows = rows
    self.columns = columns
    self.grid = grid
    steps = Array(repeating: 0, count: rows * columns)
    scales = Array(repeating: 0, count: rows * grid.groups(columns))
  }

  /// The weights of a row as numbers.
  func weights(row: Int) -> [Float] {
    let groups = grid.groups(columns)
    return (0..<columns).map { column in
      Float(steps[row * columns + column]) * scales[row * groups + column / grid.groupWidth]
    }
  }

  /// Takes a row over from a matrix of the same width.
  mutating func replaceRow(_ row: Int, by other: QuantizedMatrix, row source: Int) {
    for column in 0..<columns { steps[row * columns + column] = other.steps[source * columns + column] }
    let groups = grid.groups(columns)
    for group in 0..<groups { scales[row * groups + group] = other.scales[source * groups + group] }
  }
}
