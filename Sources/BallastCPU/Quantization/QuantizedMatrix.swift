/// A matrix as codes and one scale for each group of a row.
///
/// Format-neutral: what packs it decides how codes and scales lie in memory.
struct QuantizedMatrix: Hashable, Sendable {
  /// Outputs.
  let rows: Int
  /// Length of the reduction.
  let columns: Int
  /// Which codes there are, and how many weights share a scale.
  let grid: QuantizationGrid
  /// `[row][column]`: weight = code · scale of its group.
  var codes: [Int8]
  /// `[row][group]`.
  var scales: [Float]

  /// All zeros.
  init(rows: Int, columns: Int, grid: QuantizationGrid) {
    self.rows = rows
    self.columns = columns
    self.grid = grid
    codes = Array(repeating: 0, count: rows * columns)
    scales = Array(repeating: 0, count: rows * grid.groups(columns))
  }

  /// The weights of a row as numbers.
  func weights(row: Int) -> [Float] {
    let groups = grid.groups(columns)
    return (0..<columns).map { column in
      Float(codes[row * columns + column]) * scales[row * groups + column / grid.groupWidth]
    }
  }

  /// Takes a row over from a matrix of the same width.
  mutating func replaceRow(_ row: Int, by other: QuantizedMatrix, row source: Int) {
    for column in 0..<columns { codes[row * columns + column] = other.codes[source * columns + column] }
    let groups = grid.groups(columns)
    for group in 0..<groups { scales[row * groups + group] = other.scales[source * groups + group] }
  }
}
