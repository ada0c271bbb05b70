import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct ExchangeReplicasTests {
  /// 64 experts a layer on 8 devices of 9 places, popularity by rank, shuffled by layer.
  private struct Cluster {
    static let layers = 3
    let shape: ModelShape
    let topology: Topology
    var shares: [[Double]]

    init(seed: UInt64) throws {
      var random = SeededRandom(seed: seed)
      shape = try ModelShape(
        layers: Self.layers, expertsPerLayer: 64, expertsPerToken: 6,
        bytesPerExpert: PerPrecision { [4000, 2000, 1000, 500][Int($0.rawValue)] }, fullPrecision: .bfloat16)
      topology = try Topology.uniform(devices: 8, nodes: 2, memoryBytesPerDevice: 1 << 30)
      shares = (0..<Self.layers).map { _ in (1...64).map { 1 / Double($0 + 8) }.shuffled(using: &random) }
    }

    /// Tokens of a window drawn from the shares.
    func window(seed: UInt64) -> LoadTotals {
      var random = SeededRandom(seed: seed)
      var totals = LoadTotals(layers: Self.layers, expertsPerLayer: 64)
      for layer in 0..<Self.layers {
        var sums: [Double] = []
        for share in shares[layer] { sums.append((sums.last ?? 0) + share) }
        var counts = Array(repeating: 0, count: 64)
        for _ in 0..<3000 {
          let draw = Double.random(in: 0..<(sums.last ?? 1), using: &random)
          counts[sums.firstIndex { $0 > draw } ?? 0] += 1
        }
        totals.add(counts, tokens: 3000, phase: .prefill, layer: LayerID(layer))
      }
      return totals
    }

    func planner(_ passes: [any PlanningPass]) -> Planner {
      Planner(shape: shape, topology: topology, cost: .tokens, split: .dispatch, passes: passes)
    }

    var limits: PlanningLimits {
      var limits = PlanningLimits.unlimited(devices: 8, replicasPerDevice: 9)
      limits.leastGain = 0.0003
      return limits
    }

    func plan(from placement: Placement? = nil, for estimate: LoadEstimate, _ limits: PlanningLimits? = nil) -> Plan {
      planner([PackFromScratch(), RelabelDevices(), ExchangeReplicas(rounds: 64)]).plan(
        from: placement ?? .contiguous(shape: shape, topology: topology), for: estimate,
        within: limits ?? self.limits)
    }

    func estimate(_ estimator: inout LoadEstimator, seed: UInt64, _ placement: Placement) throws -> LoadEstimate {
      let estimate = estimator.estimate(
        window: window(seed: seed), samples: SampleTotals(layers: Self.layers, expertsPerLayer: 64),
        placement: placement)
      return try #require(estimate)
    }

    var estimator: LoadEstimator {
      LoadEstimator(shape: shape, configuration: EstimatorConfiguration(halfLifeTicks: 6))
    }
  }

  @Test(arguments: UInt64(1)...6) func aResampleMovesNothing(seed: UInt64) throws {
    let cluster = try Cluster(seed: seed)
    var estimator = cluster.estimator
    let start = Placement.contiguous(shape: cluster.shape, topology: cluster.topology)
    let first = cluster.plan(for: try cluster.estimate(&estimator, seed: seed * 10, start))
    estimator.notePlan(first.changes.map(\.layer))
    for tick in 1..<4 {
      let next = cluster.plan(
        from: first.target, for: try cluster.estimate(&estimator, seed: seed * 10 + UInt64(tick), first.target))
      #expect(next.copiesMoved == 0)
    }
  }

  @Test(arguments: UInt64(1)...4) func aSwapOfSomeMovesFewAndIsAsGood(seed: UInt64) throws {
    var cluster = try Cluster(seed: seed)
    let before = LoadEstimate(tokensPerBatch: cluster.shares.map { $0.map { $0 * 1000 } })
    let first = cluster.plan(for: before)
    var random = SeededRandom(seed: seed)
    for layer in cluster.shares.indices {
      let chosen = Array((0..<64).shuffled(using: &random).prefix(6))
      for pair in stride(from: 0, to: 6, by: 2) { cluster.shares[layer].swapAt(chosen[pair], chosen[pair + 1]) }
    }
    let after = LoadEstimate(tokensPerBatch: cluster.shares.map { $0.map { $0 * 1000 } })
    let lazy = cluster.plan(from: first.target, for: after)
    let anew = cluster.plan(for: after)
    let planner = cluster.planner([])
    #expect(
      planner.imbalance(of: lazy.target, for: after) <= planner.imbalance(of: anew.target, for: after) * 1.01)
    #expect(Double(lazy.copiesMoved) <= 0.2 * Double(72 * Cluster.layers))
  }

  @Test(arguments: UInt64(1)...4) func noBudgetIsExceeded(seed: UInt64) throws {
    let cluster = try Cluster(seed: seed)
    var other = try Cluster(seed: seed + 100)
    let first = cluster.plan(for: LoadEstimate(tokensPerBatch: cluster.shares))
    other.shares = other.shares.reversed()
    let estimate = LoadEstimate(tokensPerBatch: other.shares)
    let free = cluster.plan(from: first.target, for: estimate)
    var random = SeededRandom(seed: seed)
    for _ in 0..<4 {
      var limits = cluster.limits
      limits.moves = MoveBudget(
        copies: Int.random(in: 0...free.copiesMoved, using: &random),
        copiesPerLayer: Int.random(in: 1...20, using: &random),
        bytesPerLayer: Int.random(in: 1...40, using: &random) * 2000,
        bytesPerDevice: Int.random(in: 1...9, using: &random) * 2000,
        bytesPerLink: Int.random(in: 1...3, using: &random) * 2000)
      let plan = cluster.plan(from: first.target, for: estimate, limits)
      #expect(plan.copiesMoved <= limits.moves.copies)
      for change in plan.changes {
        #expect(change.added.count <= limits.moves.copiesPerLayer)
        #expect(change.added.count * 2000 <= limits.moves.bytesPerLayer)
      }
      for device in 0..<8 {
        let staged = plan.changes.flatMap(\.added).filter { $0.device.index == device }.count * 2000
        #expect(staged <= limits.moves.bytesPerDevice)
      }
      var links: [[Int]: Int] = [:]
      for change in plan.changes {
        for replica in change.added {
          let holders = first.target[change.layer].replicas(of: replica.expert).map(\.device.index)
          guard let source = holders.first, !holders.contains(replica.device.index) else { continue }
          links[[source, replica.device.index], default: 0] += 2000
        }
      }
      #expect(links.values.allSatisfy { $0 <= limits.moves.bytesPerLink })
      #expect(plan.isCutShort)
    }
  }

  @Test func aSmallBudgetIsSpentOnWhatGainsMost() throws {
    let cluster = try Cluster(seed: 3)
    let first = cluster.plan(for: LoadEstimate(tokensPerBatch: cluster.shares))
    let estimate = LoadEstimate(tokensPerBatch: try Cluster(seed: 4).shares)
    let free = cluster.plan(from: first.target, for: estimate)
    var limits = cluster.limits
    limits.moves.copies = free.copiesMoved / 4
    let few = cluster.plan(from: first.target, for: estimate, limits)
    let gain = few.forecast.nanosecondsBefore - few.forecast.nanosecondsAfter
    let whole = free.forecast.nanosecondsBefore - free.forecast.nanosecondsAfter
    // A quarter of the copies, more than a quarter of the gain.
    #expect(gain >= whole / 3)
  }

  @Test func aClosedLayerStays() throws {
    let cluster = try Cluster(seed: 5)
    var limits = cluster.limits
    limits.openLayers = [LayerID(1)]
    let plan = cluster.plan(for: LoadEstimate(tokensPerBatch: cluster.shares), limits)
    #expect(plan.changes.map(\.layer) == [LayerID(1)])
  }

  @Test func whatDoesNotPayForItsBytesIsNotDone() throws {
    let cluster = try Cluster(seed: 6)
    let first = cluster.plan(for: LoadEstimate(tokensPerBatch: cluster.shares))
    var limits = cluster.limits
    limits.nanosecondsPerByte = 1
    let plan = cluster.plan(
      from: first.target, for: LoadEstimate(tokensPerBatch: try Cluster(seed: 7).shares), limits)
    #expect(plan.isEmpty)
  }
}
