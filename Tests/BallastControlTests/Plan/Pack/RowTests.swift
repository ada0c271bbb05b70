import Testing

@testable import BallastControl

@Suite struct RowTests {
  @Test func elementsAreWrittenInPlace() {
    let row = Row<Float>(repeating: 2, count: 9)
    row[8] = 5
    let written = (0..<9).map { row[$0] }
    #expect(written == [2, 2, 2, 2, 2, 2, 2, 2, 5])
    let four = row.four(5)
    #expect(four == SIMD4(2, 2, 2, 5))
    row.fill(1)
    let filled = (0..<9).map { row[$0] }
    #expect(filled == Array(repeating: 1, count: 9))
  }

  @Test func nothingIsReadBeyondTheEnd() async {
    await #expect(processExitsWith: .failure) { _ = Row<Int32>(repeating: 0, count: 3)[3] }
    await #expect(processExitsWith: .failure) { _ = Row<Float>(repeating: 0, count: 3).four(0) }
    await #expect(processExitsWith: .failure) { Row<Int32>(repeating: 0, count: 0)[-1] = 1 }
  }
}
