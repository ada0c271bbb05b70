import BallastControl
import BallastRuntime
import BallastSimulator
import Testing

/// When the control loop asks for an exchange of stored and resident experts.
@Suite struct ControlLoopResidencyTests {
  /// A loop over 8 experts on 2 devices whose bytes hold six, two of them free for staging.
  private struct Rig {
    let path: ServingPath
    let start: Placement
    var loop: ControlLoop
    var totals: LoadTotals
    var samples: SampleTotals

    init(_ residency: ResidencyPolicy) async throws {
      let small = try SmallLayer(tokens: Array(repeating: 1, count: 8), on: [0, 0, 0, 0, 1, 1, 1, 1])
      let cluster = SimulatedCluster(shape: small.shape, topology: small.topology, cost: small.cost, seed: 1)
      var configuration = BalancerConfiguration(
        estimator: EstimatorConfiguration(windowTokens: 1, halfLifeTicks: 0),
        controller: ControllerConfiguration(
          enterImbalance: 100, leaveImbalance: 50, dwellTicks: 100, cooldownTicks: 1, reviewTicks: 1000),
        planner: PlannerConfiguration(
          memoryBudgetShare: residency == .all ? 2 : 0.75, stagingReserveExperts: 1, leastPrecision: .bfloat16,
          moveBudgetShare: 1, searchRounds: 4))
      configuration.planner.residency = residency
      let budget = try ByteBudget(shape: small.shape, topology: small.topology, configuration: configuration.planner)
      start = budget.startPlacement(
        shape: small.shape, topology: small.topology, leastPrecision: .bfloat16, mayEvict: residency.mayEvict)
      var rollout = Rollout(executor: cluster, configuration: configuration.rollout)
      try await rollout.stageAll(start)
      let table = try configuration.compile(
        start, handle: rollout.handle, executor: cluster, cost: small.cost, version: 0)
      path = ServingPath(table: table, executor: cluster, laneLimit: 1)
      loop = ControlLoop(
        path: path, budget: budget, cost: small.cost, rollout: rollout, configuration: configuration)
      totals = path.counters.totals()
      samples = path.samples.totals()
    }

    /// A tick after an even batch in which each of `needed` mattered and nothing else did.
    mutating func tick(needed: [Int]) async -> ControlEvent {
      totals.add(Array(repeating: 100, count: 8), tokens: 800, phase: .prefill, layer: LayerID(0))
      for expert in needed { samples.importance[0][expert] += 1 }
      return await loop.tick(LoadSnapshot(time: .zero, totals: totals), samples: samples)
    }

    var resident: [Int] {
      path.table.current.placement.layers[0].replicas.filter { $0.residency == .resident }.map(\.expert.index)
    }
  }

  @Test func anExpertThatIsNeededComesBackAtOnceThoughAllIsBalanced() async throws {
    var rig = try await Rig(.stored)
    #expect(rig.resident == [0, 1, 4, 5])
    let event = await rig.tick(needed: [2, 3])
    #expect(event.decision == .plan)
    #expect(event.resident == ResidentShare(rig.start, need: [[0, 0, 0.5, 0.5, 0, 0, 0, 0]]))
    for _ in 0..<8 { _ = await rig.tick(needed: [2, 3]) }
    #expect(rig.resident.contains(2) && rig.resident.contains(3))
    #expect(try #require(await rig.tick(needed: [2, 3]).resident).need == 1)
  }

  @Test func whatIsResidentAlreadyAsksForNothing() async throws {
    var rig = try await Rig(.stored)
    for _ in 0..<4 {
      let event = await rig.tick(needed: [0, 1, 4, 5])
      #expect(event.rollout == nil)
      #expect(event.resident?.need == 1)
    }
    #expect(rig.resident == [0, 1, 4, 5])
  }

  @Test func switchedOffNeedIsNotLookedAt() async throws {
    var rig = try await Rig(.all)
    for _ in 0..<4 { #expect(await rig.tick(needed: [2, 3]).rollout == nil) }
    #expect(rig.resident == Array(0..<8))
  }
}
