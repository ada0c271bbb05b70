import BallastControl
import BallastRuntime
import Testing

@Suite struct QualityGuardScenarioTests {
  /// Everything at int8 and well inside the quality budget; then one expert errs beyond the bound of a replica.
  private func serve(bound: Double, seed: UInt64) async throws -> (promoted: Set<Int>, drift: Double, events: [String])
  {
    let shape = try ServedModel.shape()
    let layer = Placement.contiguous(shape: shape, topology: try .uniform(devices: 4, memoryBytesPerDevice: 1 << 40))
    let low = Placement(
      layers: layer.layers.map { layer in
        LayerPlacement(layer.replicas.map { Replica(expert: $0.expert, device: $0.device, precision: .int8) })
      })
    var configuration = ServedModel.adaptive()
    configuration.planner.qualityBudget = 0.9
    configuration.planner.replicaErrorBound = bound
    configuration.planner.searchRounds = 0
    var served = try await ServedModel(exponent: 0, seed: seed, configuration: configuration, placement: low)
    var samples = SampleTotals(layers: shape.layers, expertsPerLayer: shape.expertsPerLayer)
    var drift = 0.0
    var events: [String] = []
    for tick in 0..<8 {
      for _ in 0..<ServedModel.batchesPerTick { try served.serveBatch() }
      for expert in 0..<shape.expertsPerLayer {
        samples.importance[0][expert] += 1
        samples.shadowed[0][expert] += 5
        samples.error[0][expert] += expert == 3 ? 5 * 0.4 : 5 * 0.01
      }
      let snapshot = LoadSnapshot(time: .seconds(tick), totals: served.balancer.load)
      let event = try #require(await served.balancer.tick(snapshot, samples: samples))
      if let quality = event.quality, quality.shadowedTokens > 0, drift == 0 { drift = quality.drift }
      events.append("\(event.decision)")
    }
    try served.checkBudget()
    let exact = served.balancer.statistics.placement.layers[0].replicas.filter { $0.precision == .bfloat16 }
    return (Set(exact.map(\.expert.index)), drift, events)
  }

  @Test func aReplicaOverItsBoundIsPromotedBackAndStaysSo() async throws {
    let (promoted, drift, _) = try await serve(bound: 0.3, seed: 1)
    #expect(promoted.contains(3))
    #expect(drift > 1)
  }

  @Test func withinItsBoundItStays() async throws {
    #expect(try await serve(bound: 0.5, seed: 1).promoted.contains(3) == false)
  }

  @Test func theSameSeedDecidesTheSame() async throws {
    let (one, other) = (try await serve(bound: 0.3, seed: 2), try await serve(bound: 0.3, seed: 2))
    #expect(one.promoted == other.promoted && one.events == other.events && one.drift == other.drift)
  }
}
