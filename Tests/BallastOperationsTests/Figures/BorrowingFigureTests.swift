import Testing

@testable import BallastOperations

@Suite struct BorrowingFigureTests {
  @Test func tenScenariosAreFasterAndSmaller() async throws {
    let figure = try await BorrowingFigure(tokensPerDevice: 2048)
    #expect(figure.rows.map(\.scenario) == BorrowingScenario.published)
    for row in figure.rows {
      #expect(row.imbalanceAfter < row.imbalanceBefore && row.transfers > 0, "\(row)")
      #expect(row.speedUp > 1 && row.peakBytesAfter < row.peakBytesBefore, "\(row)")
    }
    #expect(figure.table.rows.count == 10)
    #expect(figure.speedPlot.series.count == 6 && figure.memoryPlot.series.count == 6)
    #expect(figure.speedPlot.series.allSatisfy { !$0.x.isEmpty })
  }
}
