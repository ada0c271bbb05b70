/// The cheapest way to give every row a column of its own.
///
/// Rows are what is to be placed, columns the places; a device with several places has as many equal columns.
struct BalancedAssignment {
  // Algorithm: shortest augmenting paths with potentials (Jonker, Volgenant 1987), one row after the other.
  private var rowOfColumn: [Int]
  private var columnPotential: [Double]
  private var rowPotential: [Double]

  /// `[row]`: its column.
  var columns: [Int] {
    var columns = Array(repeating: 0, count: rowOfColumn.count - 1)
    for column in rowOfColumn.indices.dropFirst() { columns[rowOfColumn[column] - 1] = column - 1 }
    return columns
  }

  /// Solves for `cost(row, column)`; there are as many columns as rows.
  ///
  /// - Complexity: O(count³).
  init(count: Int, cost: (Int, Int) -> Double) {
    // Place 0 stands for the row that is being added; rows and columns count from 1.
    rowOfColumn = Array(repeating: 0, count: count + 1)
    columnPotential = Array(repeating: 0, count: count + 1)
    rowPotential = columnPotential
    for row in stride(from: 1, through: count, by: 1) { augment(row, count, cost) }
  }

  private mutating func augment(_ row: Int, _ count: Int, _ cost: (Int, Int) -> Double) {
    rowOfColumn[0] = row
    var column = 0
    var least = Array(repeating: Double.infinity, count: count + 1)
    var previous = Array(repeating: 0, count: count + 1)
    var isUsed = Array(repeating: false, count: count + 1)
    while rowOfColumn[column] != 0 {
      isUsed[column] = true
      let from = rowOfColumn[column]
      var step = Double.infinity
      var next = 0
      for other in stride(from: 1, through: count, by: 1) where !isUsed[other] {
        let reduced = cost(from - 1, other - 1) - rowPotential[from] - columnPotential[other]
        if reduced < least[other] {
          least[other] = reduced
          previous[other] = column
        }
        if least[other] < step {
          step = least[other]
          next = other
        }
      }
      for other in 0...count {
        if isUsed[other] {
          rowPotential[rowOfColumn[other]] += step
          columnPotential[other] -= step
        } else {
          least[other] -= step
        }
      }
      column = next
    }
    while column != 0 {
      rowOfColumn[column] = rowOfColumn[previous[column]]
      column = previous[column]
    }
  }
}
