import Testing

@testable import BallastCPU

@Suite struct QuantizationGridTests {
  @Test func onlyLowPrecisionsHaveOne() {
    #expect(QuantizationGrid(.float32) == nil && QuantizationGrid(.bfloat16) == nil)
    #expect(QuantizationGrid(.int8)?.leastCode == -128 && QuantizationGrid(.int4)?.leastCode == -8)
  }

  @Test func theLastGroupMayBeShorter() throws {
    let grid = try #require(QuantizationGrid(.int4))
    #expect(grid.groups(33) == 2 && grid.columns(of: 1, in: 33) == 32..<33)
    #expect(QuantizationGrid.isUsable(-1) && !QuantizationGrid.isUsable(0))
  }

  @Test func scalesAreStoredAsBfloat16() {
    for scale: Float in [0.1, -3.3, 1e-20] {
      let stored = QuantizationGrid.stored(scale)
      #expect(stored.bitPattern & 0xffff == 0 && abs(stored - scale) <= abs(scale) * 0x1p-8)
    }
  }
}
