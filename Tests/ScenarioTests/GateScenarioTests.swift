import Ballast
import BallastCPU
import BallastControl
import BallastGating
import BallastRuntime
import BallastSimulator
import Testing

@Suite struct GateScenarioTests {
  private static let experts = 12
  private static let hidden = 32

  /// Arbitrary weights; every expert's differ.
  private struct Weights: ExpertWeightSource {
    let precision = Precision.float32

    func withMatrix<Outcome>(
      _ matrix: ExpertMatrix, layer: LayerID, expert: ExpertID, _ body: (RawSpan) -> Outcome
    ) throws(StagingError) -> Outcome {
      var random = SplitMix64(seed: UInt64(expert.index * 3) + UInt64(matrix.rawValue.utf8.count))
      let values = (0..<GateScenarioTests.hidden * 16).map { _ in Float(random.next() >> 40) * 0x1p-24 - 0.5 }
      return body(values.span.bytes)
    }
  }

  private func balancer(_ executor: any ExpertExecutor, _ precision: Precision) async throws -> Balancer {
    var configuration = BalancerConfiguration(mode: .observe)
    configuration.planner.memoryBudgetShare = 3
    configuration.estimator.samplingInterval = 1
    // Two replicas of every third expert: ragged rows are divided among them too.
    let replicas = (0..<Self.experts).flatMap { expert in
      (0...(expert % 3 == 0 ? 1 : 0)).map {
        Replica(expert: ExpertID(expert), device: DeviceID((expert + $0) % 2), precision: precision)
      }
    }
    return try await Balancer(
      executor: executor, configuration: configuration, cost: .tokens,
      placement: Placement(layers: [LayerPlacement(replicas)]))
  }

  private func cpu() throws -> CPUExecutor {
    let dimensions = try ExpertDimensions(hidden: Self.hidden, inner: 16)
    let shape = try dimensions.modelShape(
      layers: 1, expertsPerLayer: Self.experts, expertsPerToken: 2, fullPrecision: .float32)
    return try CPUExecutor(
      source: Weights(), shape: shape, dimensions: dimensions,
      configuration: CPUExecutorConfiguration(devices: 2, memoryBytesPerDevice: 1 << 22))
  }

  private func logits(_ tokens: Int, seed: UInt64) -> [Float] {
    var random = SplitMix64(seed: seed)
    return (0..<tokens).flatMap { token in
      (0..<Self.experts).map { _ in (Float(random.next() >> 40) * 0x1p-23 - 1) * Float(token % 9) }
    }
  }

  private func chosen(_ tokens: Int, mass: Double, seed: UInt64 = 3) throws -> Selection {
    var gate = try TopP(expertsPerLayer: Self.experts, mass: mass)
    var selection = Selection(expertsPerLayer: Self.experts)
    try gate.select(logits(tokens, seed: seed).span, traits: TokenTraits(phase: .decode), into: &selection)
    return selection
  }

  private func serve(_ selection: Selection, _ input: [Float], _ lane: inout Lane) throws -> [Float] {
    var output = [Float](repeating: .nan, count: input.count)
    var span = output.mutableSpan
    try lane.serve(selection, layer: LayerID(0), input: input.span, output: &span)
    return output
  }

  @Test func raggedRowsAreComputedAsEveryExpertAloneWould() async throws {
    let balancer = try await balancer(try cpu(), .float32)
    var lane = try balancer.makeLane()
    let tokens = 60
    var random = SplitMix64(seed: 11)
    let input = (0..<tokens * Self.hidden).map { _ in Float(random.next() >> 40) * 0x1p-23 - 1 }
    let selection = try chosen(tokens, mass: 0.7)
    let lengths = (0..<tokens).map { selection.assignments(of: $0).count }
    #expect((lengths.min() ?? 0) == 1 && (lengths.max() ?? 0) > 6)
    let output = try serve(selection, input, &lane)
    // Every expert on every token, alone.
    var answers: [[Float]] = []
    for expert in 0..<Self.experts {
      var one = Selection(expertsPerLayer: Self.experts)
      try one.append(
        experts: [Int](repeating: expert, count: tokens).span, gates: [Float](repeating: 1, count: tokens).span,
        expertsPerToken: 1, traits: TokenTraits(phase: .decode))
      answers.append(try serve(one, input, &lane))
    }
    for token in 0..<tokens {
      for column in token * Self.hidden..<(token + 1) * Self.hidden {
        let expected = selection.assignments(of: token).reduce(0.0) { sum, place in
          sum + Double(selection.gates[place]) * Double(answers[Int(selection.experts[place])][column])
        }
        #expect(abs(Double(output[column]) - expected) < 1e-5 * max(1, abs(expected)))
      }
    }
  }

  @Test func raggedRowsAreCountedExpertByExpert() async throws {
    let balancer = try await balancer(try cpu(), .float32)
    var lane = try balancer.makeLane()
    let selection = try chosen(100, mass: 0.6)
    _ = try serve(selection, [Float](repeating: 0.5, count: 100 * Self.hidden), &lane)
    let load = balancer.load
    #expect(load.tokens(.decode, LayerID(0)) == 100)
    for expert in 0..<Self.experts {
      let count = selection.experts.count { Int($0) == expert }
      #expect(load[.decode, LayerID(0), ExpertID(expert)] == UInt64(count))
    }
    let dispatch = lane.lastDispatch
    #expect(dispatch.rows.count == selection.assignmentCount)
    for token in 0..<100 {
      let entries = dispatch.entryOfAssignment[
        Int(dispatch.assignmentStarts[token])..<Int(dispatch.assignmentStarts[token + 1])]
      #expect(entries.allSatisfy { Int(dispatch.rows[Int($0)]) == token })
      #expect(entries.map { dispatch.gates[Int($0)] } == Array(selection.gates[selection.assignments(of: token)]))
    }
  }

  /// By the tokens law the busiest device's time is its entries: fewer experts a token take less of it.
  @Test func theSimulatorTakesTheTimeOfWhatWasChosen() async throws {
    let shape = try ModelShape(
      layers: 1, expertsPerLayer: Self.experts, expertsPerToken: 2, bytesPerExpert: PerPrecision(repeating: 100),
      fullPrecision: .bfloat16)
    let cluster = SimulatedCluster(
      shape: shape, topology: try .uniform(devices: 2, memoryBytesPerDevice: 1 << 20), cost: .tokens, seed: 1)
    let balancer = try await balancer(cluster, .bfloat16)
    var lane = try balancer.makeLane()
    var last = 0.0
    for mass in [0.2, 0.5, 0.8, 1] {
      let selection = try chosen(90, mass: mass)
      let before = cluster.readings.elapsedNanoseconds
      _ = try serve(selection, [Float](repeating: 1, count: 90), &lane)
      let took = cluster.readings.elapsedNanoseconds - before
      #expect(took == Double(lane.lastDispatch.deviceEntries.max() ?? 0))
      #expect(lane.lastDispatch.deviceEntries.reduce(0, +) == selection.assignmentCount)
      #expect(took > last)
      last = took
    }
  }

  @Test func aSettingIsFollowedWhileTheBalancerRuns() async throws {
    let balancer = try await balancer(try cpu(), .float32)
    let lane = try balancer.makeLane()
    var gate = try LaneGate(setting: lane.gate, layers: 1, expertsPerLayer: Self.experts, expertsPerToken: 2)
    func assignments() throws -> Int {
      var selection = Selection(expertsPerLayer: Self.experts)
      try gate.begin()
      try gate.select(
        logits(50, seed: 7).span, layer: LayerID(0), traits: TokenTraits(phase: .decode), into: &selection)
      return selection.assignmentCount
    }
    #expect(try assignments() == 100)
    var configuration = BalancerConfiguration(mode: .observe)
    configuration.planner.memoryBudgetShare = 3
    configuration.gate = GateConfiguration(kind: .topP, mass: 1, expertsAtMost: 5)
    try balancer.apply(configuration)
    #expect(try assignments() == 100)
    await balancer.tick(at: .seconds(1))
    #expect(try assignments() == 250)
    // A control loop may pull the same lever between ticks.
    balancer.gate.update { $0.expertsAtMost = 3 }
    #expect(try assignments() == 150)
  }
}
