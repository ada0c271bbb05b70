import BallastRuntime
import Testing

/// One published scenario: a share of the tokens goes to a few experts that live on device 0.
struct BorrowingScenario: Sendable {
  let share: Double
  let hotExperts: Int
  let before: Double
  let transfers: Int
}

@Suite struct BorrowingTests {
  private static let experts = 128
  private static let devices = 8

  /// `[expert]`: 8 devices with 32 768 tokens of 4 choices each; what does not divide goes to the first experts.
  private func loads(_ scenario: BorrowingScenario) -> [Int] {
    let total = Self.devices * 32_768 * 4
    let hot = Int((Double(total) * scenario.share).rounded())
    return (0..<Self.experts).map { expert in
      let isHot = expert < scenario.hotExperts
      let tokens = isHot ? hot : total - hot
      let count = isHot ? scenario.hotExperts : Self.experts - scenario.hotExperts
      let place = isHot ? expert : expert - scenario.hotExperts
      return tokens / count + (place < tokens % count ? 1 : 0)
    }
  }

  private func makeTable(
    devices: Int, limits: BorrowLimits, cost: CostModel = .tokens
  ) throws -> (graph: ReplicaGraph, shape: ModelShape, topology: Topology) {
    let shape = try ModelShape(
      layers: 1, expertsPerLayer: Self.experts, expertsPerToken: 4, bytesPerExpert: PerPrecision(repeating: 1 << 20),
      fullPrecision: .bfloat16)
    let topology = try Topology.uniform(devices: devices, memoryBytesPerDevice: 1 << 40)
    let placement = Placement.contiguous(shape: shape, topology: topology)
    let graph = ReplicaGraph(placement.layers[0], experts: Self.experts, topology: topology, cost: cost)
    return (graph, shape, topology)
  }

  private func split(_ loads: [Int], _ graph: ReplicaGraph) -> BatchSplit {
    var split = BatchSplit()
    split.begin(graph)
    for (expert, load) in loads.enumerated() where load > 0 {
      split.add(expert: expert, tokens: Double(load), graph: graph)
    }
    split.solve(graph, wholeTokens: true)
    return split
  }

  private func imbalance(_ split: BatchSplit) -> Double {
    split.longest * Double(split.deviceTimes.count) / split.deviceTimes.reduce(0, +)
  }

  private func loans(_ split: BatchSplit, _ graph: ReplicaGraph) -> [BatchSplit.Piece] {
    split.pieces.filter { $0.tokens > 0 && $0.device != Int(graph.device[$0.replica]) }
  }

  @Test(arguments: [
    BorrowingScenario(share: 0.30, hotExperts: 16, before: 2.400, transfers: 16),
    BorrowingScenario(share: 0.30, hotExperts: 4, before: 2.942, transfers: 10),
    BorrowingScenario(share: 0.30, hotExperts: 1, before: 3.061, transfers: 7),
    BorrowingScenario(share: 0.50, hotExperts: 4, before: 4.387, transfers: 10),
    BorrowingScenario(share: 0.50, hotExperts: 1, before: 4.472, transfers: 7),
    BorrowingScenario(share: 0.80, hotExperts: 4, before: 6.555, transfers: 10),
    BorrowingScenario(share: 0.80, hotExperts: 1, before: 6.589, transfers: 7),
    BorrowingScenario(share: 0.95, hotExperts: 16, before: 7.600, transfers: 20),
    BorrowingScenario(share: 0.95, hotExperts: 4, before: 7.639, transfers: 10),
    BorrowingScenario(share: 0.95, hotExperts: 1, before: 7.647, transfers: 7),
  ]) func meetsTheReferenceValues(_ scenario: BorrowingScenario) throws {
    let limits = BorrowLimits()
    let (graph, shape, topology) = try makeTable(devices: Self.devices, limits: limits)
    let loads = loads(scenario)
    var split = split(loads, graph)
    #expect(abs(imbalance(split) - scenario.before) < 0.0006)
    split.borrow(graph, limits: limits, bytesPerExpert: shape.bytesPerExpert, cost: .tokens, topology: topology)
    #expect(abs(imbalance(split) - 1) < 0.0006)
    #expect(loans(split, graph).count == scenario.transfers)
    for item in split.items {
      #expect(split.pieces[item.pieces].reduce(0) { $0 + $1.tokens } == Double(loads[item.expert]))
    }
  }

  @Test func belowTheThresholdOrOnOneDeviceNothingMoves() throws {
    for (devices, threshold) in [(8, 3.0), (1, 1.0)] {
      let limits = BorrowLimits(imbalanceThreshold: threshold)
      let (graph, shape, topology) = try makeTable(devices: devices, limits: limits)
      let before = split(loads(BorrowingScenario(share: 0.3, hotExperts: 4, before: 0, transfers: 0)), graph)
      var after = before
      after.borrow(graph, limits: limits, bytesPerExpert: shape.bytesPerExpert, cost: .tokens, topology: topology)
      #expect(after.pieces.map(\.tokens) == before.pieces.map(\.tokens))
      #expect(after.deviceTimes == before.deviceTimes)
      #expect(loans(after, graph).isEmpty)
    }
  }

  @Test func capacityHoldsAndTimesAreTrue() throws {
    for seed in 0..<200 as Range<UInt64> {
      let instance = try SyntheticInstance(seed: seed, devices: 2...9, experts: 2...40, tokens: 5_000)
      let cost = seed % 2 == 0 ? CostModel.tokens : .mixed(activation: 200)
      let graph = instance.graph(cost)
      let limits = BorrowLimits(imbalanceThreshold: 1, capacityFactor: 1.2, minimumChunkTokens: 1)
      let before = instance.split(cost)
      var after = before
      after.borrow(
        graph, limits: limits, bytesPerExpert: instance.shape.bytesPerExpert, cost: cost, topology: instance.topology)
      #expect(after.longest <= before.longest * (1 + 1e-9), "seed \(seed)")
      var times = Array(repeating: 0.0, count: graph.devices)
      for piece in after.pieces where piece.tokens > 0 {
        let home = Int(graph.device[piece.replica])
        let transfer = cost.transferNanoseconds(
          bytes: 1_000, from: DeviceID(home), to: DeviceID(piece.device), in: instance.topology)
        times[piece.device] +=
          graph.activation[piece.replica] + piece.tokens * graph.perToken[piece.replica]
          + (home == piece.device ? 0 : transfer)
        #expect(piece.tokens == piece.tokens.rounded(), "seed \(seed)")
      }
      for (time, expected) in zip(after.deviceTimes, times) {
        #expect(abs(time - expected) < 1e-6 * max(1, expected), "seed \(seed)")
      }
      for item in after.items {
        let sum = after.pieces[item.pieces].reduce(0) { $0 + $1.tokens }
        #expect(sum == Double(instance.loads[item.expert]), "seed \(seed)")
      }
    }
  }

  @Test func smallChunksStayHome() throws {
    let limits = BorrowLimits(imbalanceThreshold: 1, minimumChunkTokens: 1_024)
    let (graph, shape, topology) = try makeTable(devices: 8, limits: limits)
    var split = split(loads(BorrowingScenario(share: 0.3, hotExperts: 4, before: 0, transfers: 0)), graph)
    split.borrow(graph, limits: limits, bytesPerExpert: shape.bytesPerExpert, cost: .tokens, topology: topology)
    #expect(!loans(split, graph).isEmpty)
    #expect(loans(split, graph).allSatisfy { $0.tokens >= 1_024 })
  }

  @Test func aSlowLinkKeepsTokensHome() throws {
    let slow = CostModel(
      activationNanoseconds: PerPrecision(repeating: 0), perTokenNanoseconds: PerPrecision(repeating: 1),
      linkBytesPerSecond: 1, nodeLinkBytesPerSecond: 1)
    let limits = BorrowLimits()
    let (graph, shape, topology) = try makeTable(devices: 8, limits: limits, cost: slow)
    var split = split(loads(BorrowingScenario(share: 0.95, hotExperts: 1, before: 0, transfers: 0)), graph)
    split.borrow(graph, limits: limits, bytesPerExpert: shape.bytesPerExpert, cost: slow, topology: topology)
    #expect(loans(split, graph).isEmpty)
  }
}
