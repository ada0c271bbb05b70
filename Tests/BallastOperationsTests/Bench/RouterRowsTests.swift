import Testing

@testable import BallastOperations

@Suite struct RouterRowsTests {
  @Test func rowsAreSeededAndAsSharpAsAsked() {
    var one = RouterRows(experts: 64, seed: 3)
    var other = RouterRows(experts: 64, seed: 3)
    let rows = one.next(200, sharpness: 2...2)
    #expect(rows == other.next(200, sharpness: 2...2))
    #expect(rows != one.next(200, sharpness: 2...2))
    let variance = rows.reduce(0.0) { $0 + Double($1 * $1) } / Double(rows.count)
    #expect(abs(variance - 4) < 0.3)
  }
}
