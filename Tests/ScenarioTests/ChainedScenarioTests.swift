import Ballast
import BallastControl
import BallastRuntime
import Testing

/// Layers that take two rounds over their experts, served while the balancer plans on both.
@Suite struct ChainedScenarioTests {
  @Test(arguments: [1, 2, 3] as [UInt64])
  func theSumOfTheRoundsIsPlannedOn(seed: UInt64) async throws {
    var served = try await ChainedModel(seed: seed, coefficient: 0, exponent: 1)
    try await served.run(ticks: 16)
    let load = served.balancer.load
    let tokens = UInt64(16 * ChainedModel.batchesPerTick * ChainedModel.tokensPerBatch)
    #expect(load.tokens == 2 * tokens)
    for expert in (0..<ChainedModel.experts).map({ ExpertID($0) }) {
      let rounds = (0..<2).map { load[.prefill, LayerID(0), RoundID($0), expert] }
      #expect(load[.prefill, LayerID(0), expert] == rounds[0] + rounds[1])
    }
    #expect(served.ticks.contains { $0.event.isPublished })
    for round in 0..<2 {
      let start = served.mean(0..<2) { $0.deviceImbalance[round] }
      let settled = served.mean(10..<16) { $0.deviceImbalance[round] }
      #expect(settled < start, "seed \(seed), round \(round): \(start) became \(settled)")
    }
    try served.balancer.statistics.placement.check(shape: served.cluster.shape, topology: served.cluster.topology)
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func tokensStayOnTheirDeviceFromRoundToRound(seed: UInt64) async throws {
    var without = try await ChainedModel(seed: seed, coefficient: 0)
    try await without.run(ticks: 16)
    var with = try await ChainedModel(seed: seed, coefficient: 10)
    try await with.run(ticks: 16)
    let scattered = without.mean(10..<16) { $0.moved }
    let near = with.mean(10..<16) { $0.moved }
    #expect(scattered > 0.5, "seed \(seed)")
    #expect(near < scattered / 2, "seed \(seed): \(scattered) became \(near)")
  }
}
