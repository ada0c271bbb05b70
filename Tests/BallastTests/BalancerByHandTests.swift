import Ballast
import BallastControl
import BallastRuntime
import BallastSimulator
import Testing

@Suite struct BalancerByHandTests {
  private func cluster() throws -> SimulatedCluster {
    let shape = try ModelShape(
      layers: 2, expertsPerLayer: 8, expertsPerToken: 2,
      bytesPerExpert: PerPrecision { [4000, 2000, 1000, 500][Int($0.rawValue)] }, fullPrecision: .bfloat16)
    return SimulatedCluster(
      shape: shape, topology: try .uniform(devices: 2, memoryBytesPerDevice: 1 << 20), cost: .tokens, seed: 1)
  }

  /// Frozen, so that nothing changes but by hand.
  private func balancer() async throws -> Balancer {
    let configuration = BalancerConfiguration(
      mode: .observe, laneLimit: 2, estimator: EstimatorConfiguration(windowTokens: 1, halfLifeTicks: 0),
      planner: PlannerConfiguration(
        memoryBudgetShare: 1.5, stagingReserveExperts: 1, moveBudgetShare: 1, leastGain: 0, searchRounds: 16))
    return try await Balancer(executor: cluster(), configuration: configuration)
  }

  private func serve(_ balancer: Balancer) throws {
    let traffic = try ZipfWorkload(shape: cluster().shape, exponent: 2, seed: 5)
    var lane = try balancer.makeLane()
    for layer in 0..<2 {
      let selection = try traffic.selection(layer: LayerID(layer), tokens: 64, batch: 0)
      try lane.dispatch(selection, layer: LayerID(layer)) { _ in }
    }
  }

  @Test func aProposalChangesNothing() async throws {
    let balancer = try await balancer()
    #expect(throws: PlacementChangeError.nothingCounted) { try balancer.proposal() }
    try serve(balancer)
    let before = balancer.table.placement
    let plan = try balancer.proposal()
    #expect(!plan.isEmpty)
    #expect(plan.version == 1)
    #expect(plan.forecast.imbalanceAfter < plan.forecast.imbalanceBefore)
    #expect(balancer.table.placement == before)
    #expect(try balancer.proposal().target == plan.target)
    #expect(balancer.statistics.ticks == 0)
  }

  @Test func aPlanIsAppliedByHandAndTakenBack() async throws {
    let balancer = try await balancer()
    #expect(throws: PlacementChangeError.noEarlierPlacement) { try balancer.planBack() }
    try serve(balancer)
    let before = balancer.table.placement
    let plan = try balancer.proposal()
    let event = try await balancer.apply(plan, at: .seconds(1))
    #expect(event.decision == .byHand && event.time == .seconds(1))
    #expect(balancer.table.placement == plan.target)
    #expect(balancer.statistics.plansPublished == 1)
    let back = try balancer.planBack()
    #expect(back.target == before)
    try await balancer.apply(back)
    #expect(balancer.table.placement == before)
    #expect(try balancer.planBack().target == plan.target)
  }

  @Test func aPlanForAnotherPlacementIsRefused() async throws {
    let balancer = try await balancer()
    try serve(balancer)
    let plan = try balancer.proposal()
    try await balancer.apply(plan)
    await #expect(throws: PlacementChangeError.stale(planVersion: 1, tableVersion: 1)) {
      try await balancer.apply(plan)
    }
    #expect(balancer.statistics.tableVersion == 1)
  }

  @Test func whatCannotBeServedIsRefused() async throws {
    let balancer = try await balancer()
    #expect(throws: PlacementChangeError.placement(.layerCount(placement: 0, model: 2))) {
      try balancer.plan(to: Placement(layers: []))
    }
    let full = Placement(
      layers: Array(
        repeating: LayerPlacement(
          (0..<8).flatMap { expert in
            (0..<2).map { Replica(expert: ExpertID(expert), device: DeviceID($0), precision: .bfloat16) }
          }), count: 2))
    let plan = try balancer.plan(to: full)
    #expect(plan.forecast.bytesMoved == 16 * 2000)
    #expect(throws: PlacementChangeError.noRoom(DeviceID(0), neededBytes: 32_000, budgetBytes: 24_000)) {
      try balancer.check(plan)
    }
    try balancer.lose(DeviceID(1))
    #expect(throws: PlacementChangeError.self) { try balancer.check(plan) }
  }

  @Test func aReplicaOnADeviceThatDoesNotServeIsRefused() async throws {
    let balancer = try await balancer()
    try balancer.drain(DeviceID(1))
    var target = balancer.table.placement
    target.layers[0] = LayerPlacement(
      target.layers[0].replicas + [Replica(expert: ExpertID(0), device: DeviceID(1), precision: .bfloat16)])
    let plan = try balancer.plan(to: target)
    #expect(throws: PlacementChangeError.deviceNotServing(DeviceID(1))) { try balancer.check(plan) }
  }

  @Test func aPlanIsSwitchedToAtItsStep() async throws {
    let balancer = try await balancer()
    try serve(balancer)
    var plan = try balancer.proposal()
    plan.switchStep = 20
    balancer.switchPoint.announce(20)
    let applying = Task { [plan] in try await balancer.apply(plan) }
    #expect(await balancer.reach(19) == .nothing)
    #expect(balancer.table.version == 0)
    while await balancer.reach(20) == .notStaged { try await Task.sleep(for: .milliseconds(1)) }
    #expect(balancer.table.version == 1)
    #expect(try await applying.value.rollout != nil)
    plan = try balancer.planBack()
    plan.switchStep = 20
    #expect(throws: PlacementChangeError.switchStepPassed(20, reached: 20)) { try balancer.check(plan) }
  }

  @Test func aPlanThatWaitsForItsStepCanBeAbandoned() async throws {
    let balancer = try await balancer()
    try serve(balancer)
    var plan = try balancer.proposal()
    plan.switchStep = 20
    balancer.switchPoint.announce(20)
    let applying = Task { [plan] in try await balancer.apply(plan) }
    while !balancer.withdrawSwitch() { try await Task.sleep(for: .milliseconds(1)) }
    guard case .abandoned(.staging(.cancelled), _) = try await applying.value.rollout else {
      Issue.record("the plan was not abandoned")
      return
    }
    #expect(balancer.table.version == 0)
    #expect(balancer.statistics.plansAbandoned == 1)
  }

  @Test func whileATurnIsUnderWayNothingIsDoneByHand() async throws {
    let balancer = try await balancer()
    try serve(balancer)
    var plan = try balancer.proposal()
    plan.switchStep = 5
    let applying = Task { [plan] in try await balancer.apply(plan) }
    while !balancer.isApplying { try await Task.sleep(for: .milliseconds(1)) }
    #expect(throws: PlacementChangeError.turnUnderWay) { try balancer.proposal() }
    #expect(throws: PlacementChangeError.turnUnderWay) { try balancer.learned() }
    balancer.closeSwitch()
    _ = try await applying.value
    #expect(try balancer.proposal().version == 1)
  }

  @Test func whatWasLearnedMovesToAnotherBalancer() async throws {
    let first = try await balancer()
    try serve(first)
    await first.tick(at: .seconds(1))
    try await first.apply(first.proposal())
    let state = try LearnedState(bytes: first.learned().bytes.span)

    let second = try await balancer()
    #expect(throws: PlacementChangeError.nothingCounted) { try second.proposal() }
    let event = try #require(try await second.restore(state))
    #expect(event.decision == .byHand)
    #expect(second.table.placement == first.table.placement)
    // The next tick expects what the first balancer expected, before anything was served here.
    let estimates = try [first, second].map { try $0.learned().bytes }
    #expect(estimates[0] == estimates[1])
    #expect(try await second.restore(state) == nil)
  }

  @Test func whatAnotherModelLearnedIsRefused() async throws {
    let first = try await balancer()
    let state = try first.learned()
    let shape = try ModelShape(
      layers: 1, expertsPerLayer: 8, expertsPerToken: 2,
      bytesPerExpert: PerPrecision { [4000, 2000, 1000, 500][Int($0.rawValue)] }, fullPrecision: .bfloat16)
    let other = SimulatedCluster(
      shape: shape, topology: try .uniform(devices: 2, memoryBytesPerDevice: 1 << 20), cost: .tokens, seed: 1)
    let second = try await Balancer(executor: other, configuration: BalancerConfiguration())
    await #expect(throws: PlacementChangeError.otherModel("it has 2 layers, this one 1")) {
      try await second.restore(state)
    }
  }
}
