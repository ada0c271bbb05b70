import BallastRuntime
import Testing

@Suite struct AffinityCountersTests {
  private func shape(layers: Int = 3, rounds: Int = 1) throws -> ModelShape {
    try ModelShape(
      layers: layers, expertsPerLayer: 4, expertsPerToken: 2, bytesPerExpert: PerPrecision(repeating: 8),
      fullPrecision: .float32, roundsPerLayer: rounds)
  }

  private func selection(_ experts: [Int], _ gates: [Float], isCounted: Bool = true) throws -> Selection {
    var selection = Selection(expertsPerLayer: 4)
    try selection.append(
      experts: experts.span, gates: gates.span, expertsPerToken: 2,
      traits: TokenTraits(phase: .prefill, isCounted: isCounted))
    return selection
  }

  private func path(lanes: Int, interval: Int = 1, layers: Int = 3, rounds: Int = 1) throws -> ServingPath {
    let executor = CountingExecutor(
      shape: try shape(layers: layers, rounds: rounds),
      topology: try .uniform(devices: 1, memoryBytesPerDevice: 1 << 20))
    let placement = Placement.contiguous(shape: executor.shape, topology: executor.topology)
    let table = try RoutingTable(
      placement, handle: { UInt32($0.index * 4 + $1.expert.index) }, shape: executor.shape,
      topology: executor.topology, cost: .tokens, samplingInterval: interval)
    return ServingPath(table: table, executor: executor, laneLimit: 2, affinityLanes: lanes)
  }

  @Test func pairsCountByTheirGates() throws {
    let path = try path(lanes: 1)
    var lane = try path.makeLane()
    try lane.dispatch(try selection([0, 1], [3, 1]), layer: LayerID(0)) { _ in }
    try lane.dispatch(try selection([2, 3], [1, 1]), layer: LayerID(1)) { _ in }
    try lane.dispatch(try selection([0, 2], [0, 0]), layer: LayerID(2)) { _ in }
    let totals = try #require(path.affinity).totals()
    #expect(totals.transitions.map(\.from) == [LayerID(0), LayerID(1)])
    let first = totals.transitions[0].weights
    #expect(first[0 * 4 + 2] == 0.375 && first[0 * 4 + 3] == 0.375)
    #expect(first[1 * 4 + 2] == 0.125 && first[1 * 4 + 3] == 0.125)
    // Without gate weights the choices share evenly.
    #expect(totals.transitions[1].weights[2 * 4 + 0] == 0.25)
    #expect(totals.transitions.allSatisfy { $0.tokens == 1 && $0.batches == 1 })
    #expect(totals.transitions.allSatisfy { abs($0.weights.reduce(0, +) - 1) < 1e-12 })
  }

  @Test func onlyTheSameBatchIsFollowed() throws {
    let path = try path(lanes: 1)
    var lane = try path.makeLane()
    let batch = try selection([0, 1], [1, 1])
    // Two batches pass the first layer before the first of them reaches the second.
    try lane.dispatch(batch, layer: LayerID(0)) { _ in }
    try lane.dispatch(batch, layer: LayerID(0)) { _ in }
    try lane.dispatch(batch, layer: LayerID(1)) { _ in }
    let affinity = try #require(path.affinity)
    #expect(affinity.totals().transitions[0].batches == 0)
    try lane.dispatch(batch, layer: LayerID(2)) { _ in }
    #expect(affinity.totals().transitions[1].batches == 1)
  }

  @Test func paddingAndOtherBatchSizesDoNotCount() throws {
    let path = try path(lanes: 1)
    var lane = try path.makeLane()
    try lane.dispatch(try selection([0, 1], [1, 1], isCounted: false), layer: LayerID(0)) { _ in }
    try lane.dispatch(try selection([0, 1], [1, 1], isCounted: false), layer: LayerID(1)) { _ in }
    try lane.dispatch(try selection([0, 1, 2, 3], [1, 1, 1, 1]), layer: LayerID(2)) { _ in }
    let totals = try #require(path.affinity).totals()
    #expect(totals.transitions.allSatisfy { $0.batches == 0 && $0.weights.allSatisfy { $0 == 0 } })
  }

  @Test func onlyAsManyLanesAsAskedForCount() throws {
    #expect(try path(lanes: 0).affinity == nil)
    let path = try path(lanes: 1)
    var first = try path.makeLane()
    var second = try path.makeLane()
    for layer in 0..<2 {
      try first.dispatch(try selection([0, 1], [1, 1]), layer: LayerID(layer)) { _ in }
      try second.dispatch(try selection([2, 3], [1, 1]), layer: LayerID(layer)) { _ in }
    }
    let totals = try #require(path.affinity).totals()
    #expect(totals.transitions[0].batches == 1)
    #expect(totals.transitions[0].weights[2 * 4 + 3] == 0)
  }

  @Test func oneBatchInAFewIsLookedAt() throws {
    let path = try path(lanes: 1, interval: 3)
    var lane = try path.makeLane()
    for _ in 0..<9 {
      for layer in 0..<3 { try lane.dispatch(try selection([0, 1], [1, 1]), layer: LayerID(layer)) { _ in } }
    }
    let totals = try #require(path.affinity).totals()
    #expect(totals.transitions.map(\.batches) == [3, 3])
  }

  @Test func aPoolMayBePairedWithItself() {
    let pair = AffinityCounters.Pair(from: LayerID(1), to: LayerID(1))
    let counters = AffinityCounters(lanes: 1, expertsPerLayer: 4, pairs: [pair])
    #expect(counters.totals().transitions.map(\.to) == [LayerID(1)])
    #expect(counters.totals().transitions[0].weights.count == 16)
  }

  @Test func aWindowIsADifference() {
    let before = AffinityTotals(
      expertsPerLayer: 1,
      transitions: [.init(from: LayerID(0), to: LayerID(1), weights: [2], tokens: 4, batches: 1)])
    let now = AffinityTotals(
      expertsPerLayer: 1,
      transitions: [.init(from: LayerID(0), to: LayerID(1), weights: [5], tokens: 9, batches: 3)])
    let window = now.since(before).transitions[0]
    #expect(window.weights == [3] && window.tokens == 5 && window.batches == 2)
  }

  @Test func roundsOfALayerArePassedOneAfterTheOther() throws {
    let path = try path(lanes: 1, layers: 2, rounds: 3)
    var lane = try path.makeLane()
    let batches = [
      try selection([0, 1], [3, 1]), try selection([2, 3], [1, 1]), try selection([0, 2], [1, 0]),
    ]
    for layer in 0..<2 {
      for round in 0..<3 {
        try lane.dispatch(batches[round], layer: LayerID(layer), round: RoundID(round)) { _ in }
      }
    }
    let totals = try #require(path.affinity).totals()
    #expect(totals.roundsPerLayer == 3)
    #expect(totals.transitions.map { [$0.from.index, $0.to.index] } == [[0, 1], [0, 0], [1, 1]])
    #expect(totals.transitions.map(\.batches) == [1, 2, 2])
    for own in totals.transitions[1...] {
      // From the first round to the second: ¾ and ¼ to halves; from the second to the third: all to expert 0.
      var expected = Array(repeating: 0.0, count: 16)
      for (from, share) in [(0, 0.75), (1, 0.25)] {
        for to in [2, 3] { expected[from * 4 + to] = share / 2 }
      }
      for from in [2, 3] { expected[from * 4 + 0] = 0.5 }
      #expect(own.weights == expected)
    }
    // The last round of a layer leads to the first of the next: expert 0 to ¾ and ¼.
    #expect(totals.transitions[0].weights[0 * 4 + 0] == 0.75 && totals.transitions[0].weights[0 * 4 + 1] == 0.25)
  }

  @Test func aRoundThatIsLeftOutBreaksTheChain() throws {
    let path = try path(lanes: 1, layers: 2, rounds: 3)
    var lane = try path.makeLane()
    let batch = try selection([0, 1], [1, 1])
    for (layer, round) in [(0, 0), (0, 2), (1, 1), (1, 0)] {
      try lane.dispatch(batch, layer: LayerID(layer), round: RoundID(round)) { _ in }
    }
    #expect(try #require(path.affinity).totals().transitions.allSatisfy { $0.batches == 0 })
  }

  @Test func aSingleLayerHasTransitionsOnlyBetweenRounds() throws {
    #expect(try path(lanes: 1, layers: 1).affinity == nil)
    let affinity = try #require(try path(lanes: 1, layers: 1, rounds: 2).affinity)
    #expect(affinity.pairs.map(\.to) == [LayerID(0)])
  }
}
