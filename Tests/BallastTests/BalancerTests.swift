import Ballast
import BallastControl
import BallastRuntime
import BallastSimulator
import Foundation
import Synchronization
import Testing

@Suite struct BalancerTests {
  private func shape(layers: Int = 2) throws -> ModelShape {
    try ModelShape(
      layers: layers, expertsPerLayer: 8, expertsPerToken: 2,
      bytesPerExpert: PerPrecision { [4000, 2000, 1000, 500][Int($0.rawValue)] }, fullPrecision: .bfloat16)
  }

  private func cluster(memoryBytesPerDevice: Int = 1 << 20) throws -> SimulatedCluster {
    SimulatedCluster(
      shape: try shape(), topology: try .uniform(devices: 2, memoryBytesPerDevice: memoryBytesPerDevice),
      cost: .tokens, seed: 1)
  }

  /// Acts at the first sign of imbalance.
  private func eager(mode: ControlMode = .act) -> BalancerConfiguration {
    BalancerConfiguration(
      mode: mode, laneLimit: 2, estimator: EstimatorConfiguration(windowTokens: 1, halfLifeTicks: 0),
      controller: ControllerConfiguration(dwellTicks: 1, cooldownTicks: 1, reviewTicks: 1000),
      planner: PlannerConfiguration(
        memoryBudgetShare: 1.5, stagingReserveExperts: 1, moveBudgetShare: 1, leastGain: 0, searchRounds: 16))
  }

  private func serve(_ balancer: Balancer, exponent: Double = 2, batch: Int = 0) throws {
    let traffic = try ZipfWorkload(shape: shape(), exponent: exponent, seed: 5)
    var lane = try balancer.makeLane()
    for layer in 0..<2 {
      let selection = try traffic.selection(layer: LayerID(layer), tokens: 64, batch: batch)
      try lane.dispatch(selection, layer: LayerID(layer)) { _ in }
    }
  }

  @Test func aNewBalancerServesTheStartPlacement() async throws {
    let cluster = try cluster()
    let balancer = try await Balancer(executor: cluster, configuration: eager())
    let statistics = balancer.statistics
    try statistics.placement.check(shape: cluster.shape, topology: cluster.topology)
    #expect(statistics.tableVersion == 0)
    #expect(statistics.ticks == 0)
    #expect(statistics.budgetBytesPerDevice == [24_000, 24_000])
    #expect(statistics.memory.map(\.replicaBytes) == [16_000, 16_000])
    #expect(statistics.oldestLaneGeneration == nil)
    #expect(statistics.currentGeneration == 0)
    #expect(statistics.waitingTables == 0)
    #expect(!statistics.isRetiring)
    #expect(statistics.retirementDelays == 0)
    #expect(statistics.cost == .tokens)
  }

  @Test func aTickActsOnWhatLanesServed() async throws {
    let balancer = try await Balancer(executor: cluster(), configuration: eager())
    try serve(balancer)
    #expect(balancer.load.tokens(.prefill, LayerID(0)) == 64)
    let event = try #require(await balancer.tick(at: .seconds(1)))
    #expect(event.decision == .plan)
    guard case .published = event.rollout else {
      Issue.record("\(String(describing: event.rollout))")
      return
    }
    let statistics = balancer.statistics
    #expect(statistics.ticks == 1)
    #expect(statistics.plansPublished == 1)
    #expect(statistics.plansAbandoned == 0)
    #expect(statistics.tableVersion == 1)
    #expect(balancer.table.placement == statistics.placement)
    #expect(statistics.placement.replicaCount > 16)
    #expect(!balancer.isApplying)
  }

  @Test func aStalledLaneShowsInTheStatistics() async throws {
    var configuration = eager()
    configuration.planner.memoryBudgetShare = 1.25
    configuration.rollout.retirementPatienceTicks = 2
    let stalling = StallingExecutor(cluster: try cluster())
    let balancer = try await Balancer(executor: stalling, configuration: configuration, cost: .tokens)
    try serve(balancer)
    // A thread of its own: the tasks of a test share few.
    let (left, leave) = AsyncStream.makeStream(of: Bool.self)
    Thread.detachNewThread {
      leave.yield((try? stalling.serveUntilReleased(balancer)) != nil)
      leave.finish()
    }
    while balancer.statistics.oldestLaneGeneration == nil { await Task.yield() }
    for second in 1...4 {
      try serve(balancer, batch: second)
      await balancer.tick(at: .seconds(second))
    }
    let stalled = balancer.statistics
    #expect(stalled.plansPublished > 0)
    #expect(stalled.oldestLaneGeneration == 0)
    #expect(stalled.currentGeneration > 0)
    #expect(stalled.waitingTables == Int(stalled.currentGeneration))
    #expect(stalled.retirementDelays == 1)
    stalling.release()
    for await isServed in left { #expect(isServed) }
    await balancer.tick(at: .seconds(5))
    #expect(balancer.statistics.oldestLaneGeneration == nil)
    #expect(balancer.statistics.waitingTables <= 1)
    #expect(balancer.statistics.retirementDelays == 1)
  }

  @Test func onlyExpertsOfTheModelCanBePinned() async throws {
    let unknown = PinnedExperts([PinnedExperts.Place(LayerID(0), ExpertID(99))])
    var configuration = eager()
    configuration.planner.pinned = unknown
    let refused = configuration
    let cluster = try cluster()
    let error = await #expect(throws: BalancerError.self) {
      try await Balancer(executor: cluster, configuration: refused)
    }
    guard case .pinned(.unknown(let place, _, _)) = try #require(error) else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(place == unknown.places.first)
    #expect(try #require(error).description.contains("pinned expert 99 of layer 0 does not exist"))
    let balancer = try await Balancer(executor: cluster, configuration: eager())
    #expect(throws: BalancerError.self) { try balancer.apply(refused) }
  }

  @Test func whatWaitsMovesTheGateAndShowsInTheStatistics() async throws {
    var configuration = eager()
    configuration.gate = GateConfiguration(kind: .topP, mass: 0.9)
    configuration.relief = ComputeReliefConfiguration(queueTarget: 4, levels: 1)
    let balancer = try await Balancer(executor: try cluster(), configuration: configuration)
    await balancer.tick(at: .seconds(1))
    #expect(balancer.statistics.reliefLevel == 0)
    #expect(throws: BalancerError.knobOutOfRange(name: "queueLength", value: -1, allowed: 0...Int.max)) {
      try balancer.report(queueLength: -1)
    }
    try balancer.report(queueLength: 5)
    await balancer.tick(at: .seconds(2))
    #expect(balancer.gate.configuration.mass == 0.5)
    #expect(balancer.statistics.reliefLevel == 1)
    try balancer.report(queueLength: 0)
    await balancer.tick(at: .seconds(3))
    #expect(balancer.gate.configuration.mass == 0.9)
    #expect(balancer.statistics.reliefLevel == 0)
    #expect(balancer.statistics.reliefSteps == 2)
  }

  @Test func driftShowsInTheStatistics() async throws {
    var configuration = eager()
    configuration.mode = .observe
    let balancer = try await Balancer(executor: try cluster(), configuration: configuration)
    let even = Array(repeating: 100, count: balancer.load.expertsPerLayer)
    var skewed = even
    skewed[0] = 10_000
    var totals = balancer.load
    for second in 0..<12 {
      for layer in 0..<totals.layers {
        let loads = second < 8 ? even : skewed
        totals.add(loads, tokens: loads.reduce(0, +), phase: .prefill, layer: LayerID(layer))
      }
      let snapshot = LoadSnapshot(time: .seconds(second), totals: totals)
      await balancer.tick(snapshot, samples: balancer.samples)
      if second == 7 {
        #expect(balancer.statistics.drift?.overlap == 1)
        #expect(!balancer.statistics.isDrifting)
        #expect(balancer.statistics.driftAlarms == 0)
      }
    }
    #expect(try #require(balancer.statistics.drift).score > 1)
    #expect(balancer.statistics.isDrifting)
    #expect(balancer.statistics.driftAlarms == 1)
  }

  @Test func anAbandonedPlanIsCounted() async throws {
    let cluster = try cluster()
    let balancer = try await Balancer(executor: cluster, configuration: eager())
    cluster.inject(.stagingsFail(next: 1, .deviceLost(DeviceID(0))))
    try serve(balancer)
    await balancer.tick(at: .seconds(1))
    #expect(balancer.statistics.plansAbandoned == 1)
    #expect(balancer.statistics.plansPublished == 0)
    #expect(balancer.statistics.tableVersion == 0)
  }

  @Test func observersSeeEveryTickNumbered() async throws {
    let balancer = try await Balancer(executor: cluster(), configuration: eager(mode: .observe))
    let shared = Shared()
    balancer.observe { event in shared.ticks.withLock { $0.append(event.tick) } }
    for second in 0..<4 { await balancer.tick(at: .seconds(second)) }
    #expect(shared.ticks.withLock { $0 } == [0, 1, 2, 3])
  }

  @Test func aSecondTickMeanwhileFindsNothing() async throws {
    let cluster = try cluster()
    let balancer = try await Balancer(executor: cluster, configuration: eager())
    try serve(balancer)
    cluster.inject(.stagingsHang(next: 1))
    let first = Task { await balancer.tick(at: .seconds(1)) }
    while !balancer.isApplying { await Task.yield() }
    #expect(await balancer.tick(at: .seconds(1)) == nil)
    first.cancel()
    #expect(await first.value?.rollout == .abandoned(.staging(.cancelled), stagedBefore: 0))
    #expect(await balancer.tick(at: .seconds(2)) != nil)
  }

  @Test func aConfigurationTakesEffectBeforeTheNextTick() async throws {
    let balancer = try await Balancer(executor: cluster(), configuration: eager(mode: .observe))
    try serve(balancer)
    #expect(await balancer.tick(at: .seconds(1))?.decision == .hold(.observing))
    var next = eager(mode: .advise)
    next.dispatch = .pinned(.bfloat16)
    try balancer.apply(next)
    #expect(balancer.table.policy == .resident)
    let event = try #require(await balancer.tick(at: .seconds(2)))
    #expect(event.decision == .plan)
    #expect(event.rollout == nil)
    #expect(balancer.table.policy == .pinned(.bfloat16))
  }

  @Test func knobsFixedWhileRunningAreRefused() async throws {
    let balancer = try await Balancer(executor: cluster(), configuration: eager(mode: .observe))
    let changes: [(String, (inout BalancerConfiguration) -> Void)] = [
      ("laneLimit", { $0.laneLimit = 3 }),
      ("planner.memoryBudgetShare", { $0.planner.memoryBudgetShare = 2 }),
      ("planner.stagingReserveExperts", { $0.planner.stagingReserveExperts = 2 }),
      ("planner.residency", { $0.planner.residency = .stored }),
    ]
    for (knob, change) in changes {
      var next = eager(mode: .act)
      change(&next)
      #expect(throws: BalancerError.fixedWhileRunning(knob)) { try balancer.apply(next) }
    }
    try serve(balancer)
    #expect(await balancer.tick(at: .seconds(1))?.decision == .hold(.observing))
  }

  @Test func anExecutorWithoutStoredReplicasRefusesEviction() async throws {
    let whole = try cluster()
    let bare = SimulatedCluster(
      shape: whole.shape, topology: whole.topology, cost: whole.cost, seed: 1, storesExperts: false)
    var configuration = eager()
    configuration.planner.residency = .stored
    await #expect(throws: BalancerError.noStore) {
      _ = try await Balancer(executor: bare, configuration: configuration)
    }
    var placement = Placement.contiguous(shape: whole.shape, topology: whole.topology)
    placement.layers[0] = LayerPlacement(
      placement.layers[0].replicas.map {
        Replica(expert: $0.expert, device: $0.device, precision: $0.precision, residency: .stored)
      })
    let stored = placement
    await #expect(throws: BalancerError.noStore) {
      _ = try await Balancer(executor: bare, configuration: eager(), placement: stored)
    }
    #expect(bare.memory.allSatisfy { $0.replicaBytes == 0 })
    let balancer = try await Balancer(executor: whole, configuration: eager(), placement: stored)
    #expect(balancer.statistics.placement == stored)
  }

  @Test func lanesAreLimitedAndComeBack() async throws {
    let balancer = try await Balancer(executor: cluster(), configuration: eager())
    do {
      let first = try balancer.makeLane()
      let second = try balancer.makeLane()
      #expect(throws: LaneError.tooManyLanes(limit: 2)) { _ = try balancer.makeLane() }
      _ = (first.lastDispatch, second.lastDispatch)
    }
    #expect(throws: Never.self) { _ = try balancer.makeLane() }
  }

  @Test func runTicksUntilItIsCancelled() async throws {
    var configuration = eager(mode: .observe)
    configuration.tickMilliseconds = 1
    let balancer = try await Balancer(executor: cluster(), configuration: configuration)
    let run = Task { await balancer.run() }
    while balancer.statistics.ticks < 3 { await Task.yield() }
    run.cancel()
    await run.value
    let ticks = balancer.statistics.ticks
    #expect(ticks >= 3)
    #expect(await balancer.tick(at: .seconds(9))?.tick == ticks)
  }

  @Test func startErrorsAreTypedAndLeaveNothing() async throws {
    let tight = try cluster()
    let small = BalancerConfiguration(planner: PlannerConfiguration(memoryBudgetShare: 0.5, stagingReserveExperts: 1))
    let cause = ByteBudgetError.tooSmall(device: DeviceID(0), neededBytes: 10_000, budgetBytes: 8000)
    await #expect(throws: BalancerError.memory(cause)) {
      try await Balancer(executor: tight, configuration: small)
    }

    let layer = Placement.contiguous(shape: tight.shape, topology: tight.topology).layers[0]
    let missing = Placement(layers: [layer, LayerPlacement(layer.replicas.dropLast())])
    await #expect(throws: BalancerError.placement(.missingExpert(layer: LayerID(1), expert: ExpertID(7)))) {
      try await Balancer(executor: tight, configuration: eager(), placement: missing)
    }

    tight.inject(.stagingsUnreliable(share: 0.3, .deviceLost(DeviceID(1))))
    let error = BalancerError.staging(.deviceLost(DeviceID(1)))
    await #expect(throws: error) { try await Balancer(executor: tight, configuration: eager()) }
    #expect(error.description == "device 1 is lost")
    #expect(tight.memory.map(\.replicaBytes) == [0, 0])
    #expect(tight.readings.stagings > 0)
  }
}

/// What an observer and a test both hold.
private final class Shared: Sendable {
  let ticks = Mutex<[Int]>([])
}
