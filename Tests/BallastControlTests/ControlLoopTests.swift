import BallastControl
import BallastRuntime
import BallastSimulator
import Testing

@Suite struct ControlLoopTests {
  /// A loop over a simulated cluster that acts at the first sign of imbalance.
  private struct Rig {
    let cluster: SimulatedCluster
    let path: ServingPath
    let budget: ByteBudget
    var loop: ControlLoop
    var totals: LoadTotals

    init(_ configuration: BalancerConfiguration) async throws {
      let small = try SmallLayer(tokens: Array(repeating: 1, count: 8), on: [0, 0, 0, 0, 1, 1, 1, 1])
      cluster = SimulatedCluster(
        shape: small.shape, topology: small.topology, cost: small.cost, seed: 1)
      budget = try ByteBudget(shape: small.shape, topology: small.topology, configuration: configuration.planner)
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

    /// A tick after one more batch.
    mutating func tick(_ loads: [Int]) async -> ControlEvent {
      totals.add(loads, tokens: loads.reduce(0, +), phase: .prefill, layer: LayerID(0))
      return await loop.tick(LoadSnapshot(time: .zero, totals: totals), samples: path.samples.totals())
    }
  }

  private static let skewed = [4000, 4000, 100, 100, 100, 100, 100, 100]

  private func eager(mode: ControlMode = .act) -> BalancerConfiguration {
    BalancerConfiguration(
      mode: mode, estimator: EstimatorConfiguration(windowTokens: 1, halfLifeTicks: 0),
      controller: ControllerConfiguration(dwellTicks: 1, cooldownTicks: 1, reviewTicks: 1000),
      planner: PlannerConfiguration(
        memoryBudgetShare: 2, stagingReserveExperts: 1, moveBudgetShare: 1, leastGain: 0, searchRounds: 16))
  }

  @Test func withoutLoadItHolds() async throws {
    var rig = try await Rig(eager())
    let event = await rig.loop.tick(
      LoadSnapshot(time: .seconds(3), totals: rig.totals), samples: rig.path.samples.totals())
    #expect(event.decision == .hold(.noLoad))
    #expect(event.imbalance == nil)
    #expect(event.time == .seconds(3))
  }

  @Test func anEventCarriesTheOutcomeOfEachStage() async throws {
    var rig = try await Rig(eager())
    let event = await rig.tick(Self.skewed)
    #expect(event.tick == 0)
    #expect(event.decision == .plan)
    let imbalance = try #require(event.imbalance)
    #expect(imbalance > 1.9)
    let forecast = try #require(event.forecast)
    #expect(forecast.imbalanceBefore == imbalance)
    #expect(forecast.imbalanceAfter < 1.1)
    let added = event.changes.flatMap(\.added)
    #expect(event.rollout == .published(replicas: added.count, bytes: forecast.bytesMoved))
    #expect(!added.isEmpty)
    #expect(rig.path.table.current.version == 1)

    let next = await rig.tick(Self.skewed)
    #expect(next.tick == 1)
    #expect(next.retired == event.changes.flatMap(\.removed).count)
    #expect(!next.isRetiring)
    #expect(next.decision == .hold(.coolingDown(ticksLeft: 0)))
    #expect(try #require(next.imbalance) < 1.1)
    #expect(next.rollout == nil)
  }

  @Test func observingPlansNothing() async throws {
    var rig = try await Rig(eager(mode: .observe))
    for _ in 0..<3 {
      let event = await rig.tick(Self.skewed)
      #expect(event.decision == .hold(.observing))
      #expect(try #require(event.imbalance) > 1.9)
      #expect(event.forecast == nil)
    }
    #expect(rig.path.table.current.version == 0)
  }

  @Test func advisingPlansAndChangesNothing() async throws {
    var rig = try await Rig(eager(mode: .advise))
    let event = await rig.tick(Self.skewed)
    #expect(event.decision == .plan)
    #expect(!event.changes.isEmpty)
    #expect(event.rollout == nil)
    #expect(rig.path.table.current.version == 0)
    #expect(rig.cluster.readings.stagings == 8)
  }

  @Test func aConfigurationTakesEffectAtTheNextTick() async throws {
    var rig = try await Rig(eager(mode: .observe))
    #expect(await rig.tick(Self.skewed).decision == .hold(.observing))
    var next = eager()
    next.dispatch = .pinned(.bfloat16)
    next.estimator.samplingInterval = 7
    rig.loop.apply(next)
    #expect(rig.path.table.current.policy == .pinned(.bfloat16))
    #expect(rig.path.table.current.samplingInterval == 7)
    #expect(rig.path.table.current.version == 1)
    #expect(await rig.tick(Self.skewed).decision == .plan)
    #expect(rig.path.table.current.version == 2)
    #expect(rig.path.table.current.policy == .pinned(.bfloat16))
  }

  @Test func whatDoesNotPayIsSaidSo() async throws {
    var configuration = eager()
    configuration.planner.leastGain = 1
    var rig = try await Rig(configuration)
    let event = await rig.tick(Self.skewed)
    #expect(event.decision == .hold(.nothingPays))
    #expect(event.changes.isEmpty)
    #expect(event.rollout == nil)
  }

  @Test func aPlanThatFailsIsReportedAndTheOldTableStays() async throws {
    var rig = try await Rig(eager())
    rig.cluster.inject(.stagingsFail(next: 1, .deviceLost(DeviceID(1))))
    let event = await rig.tick(Self.skewed)
    #expect(event.decision == .plan)
    #expect(event.rollout == .abandoned(.staging(.deviceLost(DeviceID(1))), stagedBefore: 0))
    #expect(rig.path.table.current.version == 0)
    #expect(!event.isRetiring)
  }

  @Test func whileALaneReadsTheOldTableNothingNewIsPlanned() async throws {
    var configuration = eager()
    configuration.controller.cooldownTicks = 0
    configuration.planner.memoryBudgetShare = 1.25
    var rig = try await Rig(configuration)
    let table = rig.path.table
    let gate = Gate()
    let (entered, enter) = AsyncStream.makeStream(of: Void.self)
    let reader = onOwnThread {
      table.withCurrent(reader: 0) { _ in
        enter.yield()
        gate.wait()
      }
    }
    for await _ in entered { break }
    // There is no room for a copy, so something has to leave.
    #expect(await rig.tick(Self.skewed).isRetiring)
    #expect(await rig.tick(Self.skewed).decision == .hold(.awaitingRetirement))
    gate.open()
    for await _ in reader {}
    let after = await rig.tick(Self.skewed)
    #expect(after.retired > 0)
    #expect(after.decision != .hold(.awaitingRetirement))
  }

  @Test func aLaneThatStallsIsReportedOnceAndPlansGoOnWithoutIt() async throws {
    var configuration = eager()
    configuration.controller.cooldownTicks = 0
    configuration.planner.memoryBudgetShare = 1.5
    configuration.rollout.retirementPatienceTicks = 3
    var rig = try await Rig(configuration)
    let table = rig.path.table
    let gate = Gate()
    let (entered, enter) = AsyncStream.makeStream(of: Void.self)
    let stalled = onOwnThread {
      table.withCurrent(reader: 0) { table in
        enter.yield()
        gate.wait()
        return table.version
      }
    }
    for await _ in entered { break }
    var events = [await rig.tick(Self.skewed)]
    let waiting = events[0].changes.flatMap(\.removed).count
    for tick in 1...8 {
      events.append(await rig.tick(tick < 3 ? Self.skewed : Self.skewed.reversed()))
      for (device, memory) in rig.cluster.memory.enumerated() {
        #expect(memory.peakReplicaBytes <= rig.budget.bytesPerDevice[device])
      }
    }
    #expect(events[1...2].allSatisfy { $0.decision == .hold(.awaitingRetirement) && $0.delay == nil })
    let delay = try #require(events[3].delay)
    #expect(delay.ticks == 3)
    #expect([Int(delay.generation), delay.tables, delay.replicas] == [1, 1, waiting])
    #expect(delay.bytes > 0)
    #expect(events.count { $0.delay != nil } == 1)
    // The load has turned, and the placement follows it though nothing can be retired.
    #expect(events[3...].contains { if case .published = $0.rollout { true } else { false } })
    #expect(events.allSatisfy { $0.retired == 0 })
    gate.open()
    for await version in stalled { #expect(version == 0) }
    #expect(await rig.tick(Self.skewed.reversed()).retired == events.flatMap(\.changes).flatMap(\.removed).count)
    #expect(table.oldestAnnouncedGeneration == nil)
  }

  @Test func fewerCopiesThanExpertsAreNotPlanned() async throws {
    var configuration = eager()
    configuration.planner.copiesPerLayer = 4
    var rig = try await Rig(configuration)
    for _ in 0..<3 { _ = await rig.tick(Self.skewed) }
    try rig.path.table.current.placement.check(shape: rig.cluster.shape, topology: rig.cluster.topology)
  }

  @Test func countsThatRunBackwardsAreSurvived() async throws {
    var rig = try await Rig(eager(mode: .advise))
    _ = await rig.tick(Self.skewed)
    rig.totals = LoadTotals(layers: 1, expertsPerLayer: 8)
    for _ in 0..<3 { #expect(await rig.tick(Self.skewed).tick > 0) }
  }

  @Test(arguments: [Double.nan, .infinity, -1, 1e300])
  func noShareOfTheMoveBudgetTraps(share: Double) async throws {
    var configuration = eager()
    configuration.planner.moveBudgetShare = share
    var rig = try await Rig(configuration)
    let event = await rig.tick(Self.skewed)
    #expect(event.decision == (share < 0 ? .hold(.nothingPays) : .plan))
  }
}
