import BallastControl
import BallastRuntime
import BallastSimulator
import Testing

/// Drift as the control loop reports it, and what it changes.
@Suite struct ControlLoopDriftTests {
  /// A loop that watches 8 experts on 2 devices; every tick counts one window.
  private struct Rig {
    let path: ServingPath
    var loop: ControlLoop
    var totals: LoadTotals
    let configuration: BalancerConfiguration

    init(_ drift: DriftConfiguration, mode: ControlMode = .act, dwell: Int = 4) async throws {
      let small = try SmallLayer(tokens: Array(repeating: 1, count: 8), on: [0, 0, 0, 0, 1, 1, 1, 1])
      let cluster = SimulatedCluster(shape: small.shape, topology: small.topology, cost: small.cost, seed: 1)
      configuration = BalancerConfiguration(
        mode: mode, estimator: EstimatorConfiguration(windowTokens: 4000, halfLifeTicks: 8),
        controller: ControllerConfiguration(dwellTicks: dwell, cooldownTicks: 1, reviewTicks: 1000), drift: drift,
        planner: PlannerConfiguration(
          memoryBudgetShare: 2, stagingReserveExperts: 1, moveBudgetShare: 1, leastGain: 0, searchRounds: 16))
      let budget = try ByteBudget(shape: small.shape, topology: small.topology, configuration: configuration.planner)
      let start = budget.startPlacement(shape: small.shape, topology: small.topology, leastPrecision: .int8)
      var rollout = Rollout(executor: cluster, configuration: configuration.rollout)
      try await rollout.stageAll(start)
      let table = try configuration.compile(
        start, handle: rollout.handle, executor: cluster, cost: small.cost, version: 0)
      path = ServingPath(table: table, executor: cluster, laneLimit: 1)
      loop = ControlLoop(
        path: path, budget: budget, cost: small.cost, rollout: rollout, configuration: configuration)
      totals = path.counters.totals()
    }

    mutating func tick(_ loads: [Int]) async -> ControlEvent {
      totals.add(loads, tokens: loads.reduce(0, +), phase: .prefill, layer: LayerID(0))
      return await loop.tick(LoadSnapshot(time: .zero, totals: totals), samples: path.samples.totals())
    }

    mutating func ticks(_ count: Int, _ loads: [Int]) async -> [ControlEvent] {
      var events: [ControlEvent] = []
      for _ in 0..<count { events.append(await tick(loads)) }
      return events
    }
  }

  private static let even = Array(repeating: 500, count: 8)
  private static let skewed = [1800, 1800, 100, 100, 50, 50, 50, 50]

  @Test func aShiftIsReportedAndTheReportEndsWithTheNextPlan() async throws {
    var rig = try await Rig(DriftConfiguration(mode: .report))
    let calm = await rig.ticks(8, Self.even)
    #expect(calm.allSatisfy { !$0.isDrifting })
    #expect(try #require(calm.last?.drift).overlap == 1)
    let shifted = await rig.ticks(12, Self.skewed)
    #expect(shifted[0].isDrifting)
    #expect(try #require(shifted[0].drift).score > 1)
    let plan = try #require(shifted.firstIndex { $0.rollout != nil })
    // The window of the plan is the reference from then on, and two calm windows end the drift.
    #expect(shifted[...plan].allSatisfy { $0.isDrifting })
    #expect(shifted[plan + 1].isDrifting)
    #expect(shifted[(plan + 2)...].allSatisfy { !$0.isDrifting })
  }

  @Test func adaptingPlansSooner() async throws {
    var ticksToPlan: [DriftMode: Int] = [:]
    for mode in DriftMode.allCases {
      var rig = try await Rig(DriftConfiguration(mode: mode))
      _ = await rig.ticks(8, Self.even)
      let events = await rig.ticks(12, Self.skewed)
      ticksToPlan[mode] = try #require(events.firstIndex { $0.rollout != nil })
      #expect(events.contains { $0.drift != nil } == (mode != .off))
    }
    #expect(ticksToPlan == [.off: 3, .report: 3, .adapt: 0])
  }

  @Test func observingKeepsTheFirstWindowAsReference() async throws {
    var rig = try await Rig(DriftConfiguration(mode: .adapt), mode: .observe)
    _ = await rig.ticks(8, Self.even)
    let shifted = await rig.ticks(20, Self.skewed)
    let back = await rig.ticks(3, Self.even)
    #expect(shifted.allSatisfy { $0.isDrifting })
    #expect(back.map(\.isDrifting) == [true, false, false])
  }

  @Test func turningItOffEndsTheAlarmAndGivesTheKnobsBack() async throws {
    var rig = try await Rig(DriftConfiguration(mode: .adapt), mode: .observe)
    _ = await rig.ticks(8, Self.even)
    let drifting = await rig.tick(Self.skewed)
    #expect(drifting.isDrifting)
    var next = rig.configuration
    next.drift.mode = .off
    rig.loop.apply(next)
    let event = await rig.tick(Self.skewed)
    #expect(!event.isDrifting)
    #expect(event.drift == nil)
    next.drift.mode = .report
    rig.loop.apply(next)
    let again = await rig.tick(Self.skewed)
    #expect(again.isDrifting)
  }
}
