import BallastRuntime
import Testing

/// What a lane does with tokens of experts that are not resident.
@Suite struct LaneResidencyTests {
  private static let logits: [Float] = [0, 3, 2, 1, 0, 2, 3, 1]

  /// One layer of 4 experts on 2 devices, some of them stored.
  private func makePath(
    _ residency: ResidencyPolicy, evicted: Set<Int>, samplingInterval: Int = 0
  ) throws -> (path: ServingPath, executor: CountingExecutor) {
    let shape = try ModelShape(
      layers: 1, expertsPerLayer: 4, expertsPerToken: 2, bytesPerExpert: PerPrecision(repeating: 1),
      fullPrecision: .float32)
    let topology = try Topology.uniform(devices: 2, memoryBytesPerDevice: 100)
    let executor = CountingExecutor(shape: shape, topology: topology)
    var placement = Placement.contiguous(shape: shape, topology: topology)
    placement.layers[0] = LayerPlacement(
      placement.layers[0].replicas.map {
        var replica = $0
        if evicted.contains($0.expert.index) { replica.residency = .stored }
        return replica
      })
    let table = try RoutingTable(
      placement, handle: { UInt32($1.expert.index) }, shape: shape, topology: topology, cost: .tokens,
      residency: residency, samplingInterval: samplingInterval)
    return (ServingPath(table: table, executor: executor, laneLimit: 1), executor)
  }

  /// Two tokens that chose experts 1 and 2.
  private func serve(_ lane: inout Lane, logits: [Float]? = Self.logits) throws -> [Float] {
    var selection = Selection(expertsPerLayer: 4)
    let experts = [1, 2, 2, 1]
    let gates: [Float] = [0.75, 0.25, 0.75, 0.25]
    try selection.append(
      experts: experts.span, gates: gates.span, expertsPerToken: 2, traits: TokenTraits(phase: .decode))
    let input: [Float] = [1, 1, 1, 1]
    let residual: [Float] = [1, 0, 1, 0]
    var output: [Float] = [9, 9, 9, 9]
    var span = output.mutableSpan
    if let logits {
      try lane.serve(
        selection, layer: LayerID(0), input: input.span, residual: residual.span, logits: logits.span, output: &span)
    } else {
      try lane.serve(selection, layer: LayerID(0), input: input.span, output: &span)
    }
    return output
  }

  @Test func tokensOfStoredExpertsAreServedFromThereAndCounted() throws {
    let (path, _) = try makePath(.stored, evicted: [1])
    var lane = try path.makeLane()
    #expect(try serve(&lane) == [1, 1, 1, 1])
    #expect(lane.lastDispatch.runs.map(\.expert.index) == [1, 2])
    #expect(lane.lastDispatch.runs.map(\.residency) == [.stored, .resident])
    let samples = path.samples.totals()
    #expect(samples.storedAssignments == 2)
    #expect(samples.substitutedAssignments == 0)
  }

  @Test func aSubstituteServesWhileTheWishIsCounted() throws {
    let (path, _) = try makePath(.substitute, evicted: [1])
    var lane = try path.makeLane()
    for value in try serve(&lane) { #expect(abs(value - 1) < 1e-6) }
    #expect(lane.lastDispatch.runs.map(\.expert.index) == [2, 3])
    let totals = path.counters.totals()
    #expect((0..<4).map { totals[.decode, LayerID(0), ExpertID($0)] } == [0, 2, 2, 0])
    #expect(path.samples.totals().substitutedAssignments == 2)
    #expect(path.samples.totals().storedAssignments == 0)
  }

  @Test func withoutLogitsStorageServes() throws {
    let (path, _) = try makePath(.substitute, evicted: [1])
    var lane = try path.makeLane()
    _ = try serve(&lane, logits: nil)
    #expect(path.samples.totals().storedAssignments == 2)
    #expect(path.samples.totals().substitutedAssignments == 0)
  }

  /// What an evicted expert matters could not be seen otherwise.
  @Test func sampledBatchesAreServedByWhatWasChosen() throws {
    let (path, executor) = try makePath(.substitute, evicted: [1], samplingInterval: 3)
    var lane = try path.makeLane()
    for _ in 0..<6 { _ = try serve(&lane) }
    #expect(executor.sampled.withLock { $0 } == 2)
    let samples = path.samples.totals()
    #expect(samples.storedAssignments == 4)
    #expect(samples.substitutedAssignments == 8)
    #expect(samples.importance[0][1] > 0)
    #expect(samples.importance[0][3] == 0)
  }

  @Test func whereAllAreEvictedEveryTokenIsServedFromStorage() throws {
    let (path, _) = try makePath(.substitute, evicted: [0, 1, 2, 3])
    var lane = try path.makeLane()
    #expect(try serve(&lane) == [1, 1, 1, 1])
    #expect(path.samples.totals().storedAssignments == 4)
  }

  @Test func whereNoneIsEvictedNothingIsCounted() throws {
    let (path, _) = try makePath(.substitute, evicted: [])
    var lane = try path.makeLane()
    _ = try serve(&lane)
    #expect(lane.lastDispatch.runs.map(\.expert.index) == [1, 2])
    #expect(path.samples.totals().storedAssignments == 0)
    #expect(path.samples.totals().substitutedAssignments == 0)
  }
}
