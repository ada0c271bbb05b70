import BallastControl
import BallastRuntime
import BallastSimulator
import Testing

/// Relief as the control loop carries it out: what waits changes the gate all lanes follow.
@Suite struct ControlLoopReliefTests {
  private struct Rig {
    let path: ServingPath
    var loop: ControlLoop
    var configuration: BalancerConfiguration
    private var time = 0

    init(_ gate: GateConfiguration, queueTarget: Int = 10, mode: ControlMode = .act) async throws {
      let small = try SmallLayer(tokens: [1, 1, 1, 1], on: [0, 0, 1, 1])
      let cluster = SimulatedCluster(shape: small.shape, topology: small.topology, cost: small.cost, seed: 1)
      configuration = BalancerConfiguration(
        mode: mode, gate: gate,
        relief: ComputeReliefConfiguration(queueTarget: queueTarget, levels: 2, settleTicks: 1, leastMass: 0.5))
      configuration.planner.memoryBudgetShare = 2
      let budget = try ByteBudget(shape: small.shape, topology: small.topology, configuration: configuration.planner)
      let start = budget.startPlacement(shape: small.shape, topology: small.topology, leastPrecision: .int8)
      var rollout = Rollout(executor: cluster, configuration: configuration.rollout)
      try await rollout.stageAll(start)
      let table = try configuration.compile(
        start, handle: rollout.handle, executor: cluster, cost: small.cost, version: 0)
      path = ServingPath(table: table, executor: cluster, laneLimit: 1, gate: gate)
      loop = ControlLoop(
        path: path, budget: budget, cost: small.cost, rollout: rollout, configuration: configuration)
    }

    mutating func tick(_ queueLength: Int?) async -> ControlEvent {
      time += 1
      return await loop.tick(
        LoadSnapshot(time: .seconds(time), totals: path.counters.totals()), samples: path.samples.totals(),
        queueLength: queueLength)
    }

    /// The masses after ticks with these queues.
    mutating func masses(_ queues: [Int?]) async -> [Double] {
      var masses: [Double] = []
      for queue in queues {
        _ = await tick(queue)
        masses.append(path.gate.configuration.mass)
      }
      return masses
    }
  }

  private static let topP = GateConfiguration(kind: .topP, mass: 0.9)

  @Test func theMassFallsWhileMoreWaitsAndComesBackFirst() async throws {
    var rig = try await Rig(Self.topP)
    let masses = await rig.masses([3, 11, 99, 99, 7, 5, nil, 0, 0])
    let expected = [0.9, 0.7, 0.5, 0.5, 0.5, 0.7, 0.7, 0.9, 0.9]
    for (mass, wanted) in zip(masses, expected) { #expect(abs(mass - wanted) < 1e-12) }
    #expect(rig.path.gate.configuration == Self.topP)
  }

  @Test func everyStepIsAnEvent() async throws {
    var rig = try await Rig(Self.topP)
    var steps: [String] = []
    for queue in [0, 20, 20, 20, 2, 2, 2] {
      let event = await rig.tick(queue)
      steps.append(event.relief.map { "\($0.from)>\($0.to)@\($0.queueLength)" } ?? "\(event.reliefLevel)")
    }
    #expect(steps == ["0", "0>1@20", "1>2@20", "2", "2>1@2", "1>0@2", "0"])
  }

  @Test func aGateOfTheModelSparesNothing() async throws {
    var rig = try await Rig(GateConfiguration())
    let event = await rig.tick(1000)
    #expect(event.relief == nil)
    #expect(event.reliefLevel == 0)
    #expect(rig.path.gate.configuration == GateConfiguration())
  }

  @Test func withoutATargetOrTheRightToActNothingChanges() async throws {
    var off = try await Rig(Self.topP, queueTarget: 0)
    var observing = try await Rig(Self.topP, mode: .observe)
    let masses = await off.masses([1000, 1000]) + observing.masses([1000, 1000])
    #expect(masses == [0.9, 0.9, 0.9, 0.9])
  }

  @Test func anotherGateIsFollowedAtTheLevelThereIs() async throws {
    var rig = try await Rig(Self.topP)
    _ = await rig.masses([99, 99])
    rig.configuration.gate.mass = 0.7
    rig.loop.apply(rig.configuration)
    #expect(abs(rig.path.gate.configuration.mass - 0.5) < 1e-12)
    let masses = await rig.masses([0, 0])
    #expect(zip(masses, [0.6, 0.7]).allSatisfy { abs($0 - $1) < 1e-12 })
    // What someone else has set while nothing is spared is what comes back.
    rig.path.gate.update { $0.mass = 0.8 }
    _ = await rig.masses([99, 0])
    #expect(abs(rig.path.gate.configuration.mass - 0.8) < 1e-12)
  }

  @Test func turningItOffRestoresTheGate() async throws {
    var rig = try await Rig(Self.topP)
    _ = await rig.masses([99, 99])
    rig.configuration.relief.queueTarget = 0
    rig.loop.apply(rig.configuration)
    let event = await rig.tick(99)
    #expect(event.relief?.to == 0)
    #expect(rig.path.gate.configuration == Self.topP)
  }
}
