import BallastRuntime
import Testing

@Suite struct LoadTotalsTests {
  private let layer = LayerID(1)

  private func totals() -> LoadTotals {
    var totals = LoadTotals(layers: 2, expertsPerLayer: 3)
    totals.add([4, 0, 2], tokens: 3, phase: .prefill, layer: layer)
    totals.add([1, 1, 0], tokens: 1, phase: .decode, layer: layer)
    return totals
  }

  @Test func batchesAreCountedByPhaseAndLayer() {
    let totals = totals()
    #expect(totals[.prefill, layer, ExpertID(0)] == 4)
    #expect(totals[.decode, layer, ExpertID(1)] == 1)
    #expect(totals[.prefill, LayerID(0), ExpertID(0)] == 0)
    #expect(totals.tokens(.prefill, layer) == 3)
    #expect(totals.batches(.decode, layer) == 1)
    #expect(totals.tokens == 4)
  }

  @Test func phasesAreWeighted() {
    #expect(totals().weighted(layer, prefill: 0.5, decode: 2) == [4, 2, 1])
  }

  @Test func surplusAndNegativeCountsAreIgnored() {
    var totals = LoadTotals(layers: 1, expertsPerLayer: 2)
    totals.add([-5, 1, 9], tokens: -1, phase: .decode, layer: LayerID(0))
    #expect(totals.weighted(LayerID(0), prefill: 1, decode: 1) == [0, 1])
    #expect(totals.tokens == 0)
  }

  @Test func aDifferenceNeverRunsBelowNothing() {
    let now = totals()
    #expect(now.since(LoadTotals(layers: 2, expertsPerLayer: 3)) == now)
    #expect(LoadTotals(layers: 2, expertsPerLayer: 3).since(now).tokens == 0)
  }
}
