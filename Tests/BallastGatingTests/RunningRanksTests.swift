import BallastRuntime
import Testing

@testable import BallastGating

@Suite struct RunningRanksTests {
  @Test func beginsAsIfAllValuesWereEquallyFrequent() {
    var ranks = RunningRanks()
    #expect(abs(ranks.rank(0.25) - 0.25) < 1e-12 && ranks.rank(0) == 0 && ranks.rank(1) == 1)
  }

  @Test func learnsWhereValuesLie() {
    var random = SplitMix64(seed: 1)
    var ranks = RunningRanks()
    var last: [Double] = []
    for turn in 0..<20_000 {
      // All between 0.4 and 0.5.
      let value = 0.4 + Double(random.next() >> 11) * 0x1p-53 / 10
      let rank = ranks.rank(value)
      if turn >= 19_000 { last.append(abs(rank - (value - 0.4) * 10)) }
    }
    #expect((last.max() ?? 1) < 0.05)
  }

  @Test func forgetsWhatIsLongAgo() {
    var ranks = RunningRanks()
    for _ in 0..<20_000 { _ = ranks.rank(0.2) }
    for _ in 0..<60_000 { _ = ranks.rank(0.8) }
    #expect(ranks.rank(0.5) < 0.05)
  }

  @Test func valuesOutsideTheirRangeCountAsItsEnds() {
    var ranks = RunningRanks()
    #expect(ranks.rank(-5) == 0 && ranks.rank(.infinity) == 1)
  }
}
