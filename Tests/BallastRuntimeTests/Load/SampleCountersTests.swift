import Testing

@testable import BallastRuntime

@Suite struct SampleCountersTests {
  @Test func sumsOverLanesAndIgnoresWhatIsNoNumber() throws {
    let shape = try ModelShape(
      layers: 2, expertsPerLayer: 3, expertsPerToken: 1, bytesPerExpert: PerPrecision(repeating: 1),
      fullPrecision: .float32)
    let counters = SampleCounters(lanes: 2, shape: shape)
    counters.addImportance(1.5, layer: LayerID(1), expert: 2, lane: 0)
    counters.addImportance(2.25, layer: LayerID(1), expert: 2, lane: 1)
    counters.addImportance(.nan, layer: LayerID(1), expert: 2, lane: 1)
    counters.addImportance(.infinity, layer: LayerID(0), expert: 0, lane: 1)
    counters.addError(0.125, layer: LayerID(0), expert: 1, lane: 0)
    counters.addError(0.25, layer: LayerID(0), expert: 1, lane: 1)
    let totals = counters.totals()
    #expect(totals.importance == [[0, 0, 0], [0, 0, 3.75]])
    #expect(totals.error == [[0, 0.375, 0], [0, 0, 0]])
    #expect(totals.shadowed == [[0, 2, 0], [0, 0, 0]])
  }

  @Test func imbalancesAndDelaysAreSummedOverLanes() throws {
    let shape = try ModelShape(
      layers: 1, expertsPerLayer: 2, expertsPerToken: 1, bytesPerExpert: PerPrecision(repeating: 1),
      fullPrecision: .float32)
    let counters = SampleCounters(lanes: 2, shape: shape)
    var batch = ImbalanceTotals()
    batch.batches = 1
    batch.expert = 2
    batch.replica = 1.5
    batch.device = 1.25
    for lane in 0..<2 {
      counters.addImbalance(batch, lane: lane)
      counters.addDelay(lane: lane)
      counters.addEvicted(stored: 3, substituted: 5, lane: lane)
    }
    let totals = counters.totals()
    #expect(totals.storedAssignments == 6)
    #expect(totals.substitutedAssignments == 10)
    #expect(totals.imbalance.batches == 2)
    #expect(totals.imbalance.expert == 4)
    #expect(totals.imbalance.replica == 3)
    #expect(totals.imbalance.device == 2.5)
    #expect(totals.delayedBatches == 2)
    #expect(totals.importance == [[0, 0]])
  }

  @Test func anErrorThatIsNoNumberIsNotCounted() throws {
    let shape = try ModelShape(
      layers: 1, expertsPerLayer: 1, expertsPerToken: 1, bytesPerExpert: PerPrecision(repeating: 1),
      fullPrecision: .float32)
    let counters = SampleCounters(lanes: 1, shape: shape)
    counters.addError(.nan, layer: LayerID(0), expert: 0, lane: 0)
    #expect(counters.totals().shadowed == [[0]])
    #expect(counters.totals().error == [[0]])
  }

  @Test func roundsAreUnevenEachInTheirOwnWay() throws {
    let shape = try ModelShape(
      layers: 1, expertsPerLayer: 2, expertsPerToken: 1, bytesPerExpert: PerPrecision(repeating: 1),
      fullPrecision: .float32, roundsPerLayer: 2)
    let counters = SampleCounters(lanes: 1, shape: shape)
    var batch = ImbalanceTotals()
    batch.batches = 1
    batch.device = 1.5
    counters.addImbalance(batch, lane: 0)
    batch.device = 1.25
    counters.addImbalance(batch, round: RoundID(1), lane: 0)
    counters.addDelay(lane: 0)
    let totals = counters.totals()
    #expect(totals.imbalanceByRound.map(\.device) == [1.5, 1.25])
    #expect(totals.imbalance.device == 2.75 && totals.imbalance.batches == 2)
    #expect(totals.delayedBatches == 1)
  }
}
