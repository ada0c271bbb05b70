import CBallastKernels

/// A matrix as codes and one scale for each group of a row.
///
/// Row-major; packing decides how it lies for the kernels.
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

  // Safety: what is lent is used only inside `body`.
  /// Lends the matrix as packing reads it.
  func withCodes<Outcome>(_ body: (UnsafePointer<ballast_codes>) -> Outcome) -> Outcome {
    let stored = scales.map { UInt16(truncatingIfNeeded: $0.bitPattern >> 16) }
    return unsafe codes.withUnsafeBufferPointer { codes in
      unsafe stored.withUnsafeBufferPointer { stored in
        let matrix = unsafe ballast_codes(codes: codes.baseAddress, scales: stored.baseAddress)
        return unsafe withUnsafePointer(to: matrix) { unsafe body($0) }
      }
    }
  }
}
