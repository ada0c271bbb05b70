import BallastRuntime
import Testing

@testable import BallastServing

@Suite struct SplitMix64Tests {
  @Test func givesThePublishedSequence() {
    var random = SplitMix64(seed: 1_234_567)
    #expect(random.next() == 6_457_827_717_110_365_317)
    #expect(random.next() == 3_203_168_211_198_807_973)
  }

  @Test func staysInItsRange() {
    var random = SplitMix64(seed: 1)
    let drawn = (0..<1000).map { _ in random.below(7) }
    #expect(Set(drawn) == Set(0..<7))
    #expect((0..<1000).allSatisfy { _ in (0..<1).contains(random.fraction()) })
  }
}
