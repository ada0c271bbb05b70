import Testing

@testable import BallastServing

@Suite struct RankCorrelationTests {
  @Test func ordersCompareWhateverTheirValues() {
    #expect(RankCorrelation.of([1, 2, 3, 4], [10, 100, 1000, 10_000]) == 1)
    #expect(RankCorrelation.of([1, 2, 3, 4], [4, 3, 2, 1]) == -1)
    // One exchange of neighbours: 1 − 6 · 2 / (4 · 15).
    #expect(abs(RankCorrelation.of([1, 2, 3, 4], [1, 3, 2, 4]) - 0.8) < 1e-12)
  }

  @Test func equalValuesShareTheirRanks() {
    #expect(RankCorrelation.ranks([5, 1, 5, 7]) == [2.5, 1, 2.5, 4])
  }

  @Test func withoutAnOrderThereIsNoCorrelation() {
    #expect(RankCorrelation.of([1, 1, 1], [1, 2, 3]) == 0)
    #expect(RankCorrelation.of([], []) == 0)
    #expect(RankCorrelation.of([1], [1, 2]) == 0)
  }
}
