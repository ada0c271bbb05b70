import BallastControl
import BallastRuntime
import Testing

@Suite struct QualityScenarioTests {
  /// Everything starts at int8; then served tokens show that some experts err far more than the budget allows.
  @Test(arguments: [1] as [UInt64])
  func aMeasuredErrorOverTheBudgetIsPromotedBack(seed: UInt64) async throws {
    let shape = try ServedModel.shape()
    let layer = Placement.contiguous(shape: shape, topology: try .uniform(devices: 4, memoryBytesPerDevice: 1 << 40))
    let low = Placement(
      layers: layer.layers.map { layer in
        LayerPlacement(layer.replicas.map { Replica(expert: $0.expert, device: $0.device, precision: .int8) })
      })
    var configuration = ServedModel.adaptive()
    configuration.planner.qualityBudget = 0.02
    var served = try await ServedModel(exponent: 1, seed: seed, configuration: configuration, placement: low)
    let bad = [0, 5, 10, 15]
    var samples = SampleTotals(layers: shape.layers, expertsPerLayer: shape.expertsPerLayer)
    var last = 0.0
    for tick in 0..<20 {
      for _ in 0..<ServedModel.batchesPerTick { try served.serveBatch() }
      for expert in 0..<shape.expertsPerLayer {
        samples.importance[0][expert] += 1
        samples.shadowed[0][expert] += 1
        samples.error[0][expert] += bad.contains(expert) ? 0.5 : 0.001
      }
      let snapshot = LoadSnapshot(time: .seconds(tick), totals: served.balancer.load)
      let event = try #require(await served.balancer.tick(snapshot, samples: samples))
      if let forecast = event.forecast { last = forecast.qualitySpent }
    }
    // One such expert alone costs 0.5 / 16 of quality, more than the budget.
    let replicas = served.balancer.statistics.placement.layers[0].replicas
    for expert in bad {
      #expect(replicas.contains { $0.expert.index == expert && $0.precision == .bfloat16 }, "seed \(seed): \(expert)")
    }
    #expect(last > 0 && last <= 0.02, "seed \(seed): \(last)")
    try served.checkBudget()
  }
}
