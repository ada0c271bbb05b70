import Testing

@testable import BallastCPU

@Suite struct VigilTests {
  @Test func looksOnlyWhileBatchesComeInQuickSuccession() {
    var vigil = Vigil()
    #expect(vigil.lookNanoseconds == Doorbell.lookNanoseconds)
    for _ in 0..<8 { vigil.met(afterNanoseconds: 20_000) }
    #expect((40_000...50_000).contains(vigil.lookNanoseconds))
    vigil.met(afterNanoseconds: 1_000_000_000)
    vigil.met(afterNanoseconds: 1_000_000_000)
    #expect(vigil.lookNanoseconds == Doorbell.lookNanoseconds)
  }

  @Test func neverLooksLongerThanItMay() {
    var vigil = Vigil()
    for gap in [0, 1_000, 49_000, 50_000, UInt64.max, 30_000, 10_000] {
      vigil.met(afterNanoseconds: gap)
      #expect(vigil.lookNanoseconds <= Vigil.longestNanoseconds)
    }
  }
}
