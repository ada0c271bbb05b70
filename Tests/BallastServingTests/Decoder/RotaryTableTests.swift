import Foundation
import Testing

@testable import BallastServing

@Suite struct RotaryTableTests {
  @Test func turnsEachPairByItsOwnAngle() {
    let table = RotaryTable(positions: 8, headWidth: 4, theta: 100)
    var row: [Float] = [7, 1, 0, 0, 1, 7]
    table.rotate(&row, from: 1, heads: 1, to: 3)
    // Pairs are (0, 2) and (1, 3); the second turns ten times slower.
    let expected: [Double] = [7, cos(3), -sin(0.3), sin(3), cos(0.3), 7]
    for index in row.indices { #expect(abs(Double(row[index]) - expected[index]) < 1e-6) }
  }

  @Test func theFirstPositionIsNotTurned() {
    let table = RotaryTable(positions: 1, headWidth: 2, theta: 10_000)
    var row: [Float] = [1, 2, 3, 4]
    table.rotate(&row, from: 0, heads: 2, to: 0)
    #expect(row == [1, 2, 3, 4])
  }
}
