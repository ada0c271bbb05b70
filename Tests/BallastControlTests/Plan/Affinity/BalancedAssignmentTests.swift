import Testing

@testable import BallastControl

@Suite struct BalancedAssignmentTests {
  @Test(arguments: 0..<40)
  func equalsBruteForce(seed: Int) {
    var random = SeededRandom(seed: UInt64(seed))
    let places = [[1, 1, 1, 1], [2, 2], [3, 1, 1], [2, 2, 2]][seed % 4]
    let rows = places.reduce(0, +)
    let costs = (0..<rows * places.count).map { _ in Double(Int.random(in: -20...20, using: &random)) }
    let columns = BalancedAssignment(rows: rows, places: places) { costs[$0 * places.count + $1] }.columns
    let found = columns.enumerated().reduce(0.0) { $0 + costs[$1.offset * places.count + $1.element] }
    for column in places.indices { #expect(columns.filter { $0 == column }.count == places[column]) }
    #expect(found == least(0, places, costs), "seed \(seed)")
  }

  private func least(_ row: Int, _ places: [Int], _ costs: [Double]) -> Double {
    guard places.contains(where: { $0 > 0 }) else { return 0 }
    return places.indices.filter { places[$0] > 0 }.map { column in
      var left = places
      left[column] -= 1
      return costs[row * places.count + column] + least(row + 1, left, costs)
    }.min() ?? 0
  }
}
