import Testing

@testable import BallastOperations

@Suite struct SampleSummaryTests {
  @Test func knownSamples() throws {
    let summary = try #require(SampleSummary((1...100).reversed().map(Double.init)))
    #expect(summary.count == 100)
    #expect(summary.median == 50.5)
    #expect(summary.lowerQuartile == 25)
    #expect(summary.upperQuartile == 75)
    #expect(summary.p99 == 99)
    #expect(abs(summary.spread - 25 / 50.5) < 1e-12)
  }

  @Test func oneSampleIsEverything() {
    let summary = SampleSummary(7, [])
    #expect([summary.median, summary.lowerQuartile, summary.upperQuartile, summary.p99] == [7, 7, 7, 7])
    #expect(summary.spread == 0)
  }

  @Test func thereIsNoneOfNone() { #expect(SampleSummary([]) == nil) }

  @Test func anOutlierMovesOnlyTheTail() throws {
    let summary = try #require(SampleSummary(Array(repeating: 1, count: 98) + [1000, 1000]))
    #expect(summary.median == 1)
    #expect(summary.p99 == 1000)
    #expect(summary.spread == 0)
  }
}
