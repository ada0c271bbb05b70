public import BallastRuntime

/// The loop beside the serving threads: counts become an estimate, a decision, a plan, a new placement.
///
/// One owner calls `tick`; nothing a lane does waits for it.
public struct ControlLoop: Sendable {
  let path: ServingPath
  let budget: ByteBudget
  var configuration: BalancerConfiguration
  var window: LoadWindow
  var estimator: LoadEstimator
  var drift: DriftDetector
  var driftAlarm: DriftAlarm
  var relief: ComputeRelief
  /// The gate when nothing is spared.
  var gateInFull: GateConfiguration
  var affinity: AffinityEstimator
  var need: DomainNeed
  var controller: Controller
  private(set) var planner: Planner
  var rollout: Rollout
  /// `[device]`: whether it takes part.
  var statuses: [DeviceStatus]
  /// Replicas over their bound that no plan could promote; they ask for none again.
  private(set) var hopeless: Set<QualityGuard.Place> = []
  /// When a plan was sought and no exchange could be made.
  var hopelessExchangeTick: Int?
  var ticks = 0
  private var isDelayReported = false
  /// What the last publication replaced.
  var previous: Placement?

  /// A loop over a path whose first placement `rollout` has staged.
  public init(
    path: ServingPath, budget: ByteBudget, cost: CostModel, rollout: Rollout, configuration: BalancerConfiguration
  ) {
    self.path = path
    self.budget = budget
    self.configuration = configuration
    self.rollout = rollout
    window = LoadWindow(length: .tokens(configuration.estimator.windowTokens))
    window.slide(to: LoadSnapshot(time: .zero, totals: path.counters.totals()))
    statuses = Array(repeating: .serving, count: path.executor.topology.devices.count)
    estimator = LoadEstimator(shape: path.executor.shape, configuration: configuration.estimator)
    affinity = AffinityEstimator(halfLifeTicks: configuration.estimator.halfLifeTicks)
    need = DomainNeed(halfLifeTicks: configuration.planner.residencyHalfLifeTicks)
    for replica in rollout.measured { estimator.note(replica) }
    controller = Controller(configuration: configuration.controller)
    drift = DriftDetector(expertsPerToken: path.executor.shape.expertsPerToken, from: path.counters.totals())
    relief = ComputeRelief(configuration: configuration.relief)
    gateInFull = configuration.gate
    driftAlarm = DriftAlarm(calmWindows: configuration.drift.calmWindows)
    var law = cost
    // Tokens of stored experts go to resident ones then, which fetch nothing.
    if configuration.planner.residency == .substitute { law.fetchNanoseconds = 0 }
    planner = Planner(
      shape: path.executor.shape, topology: path.executor.topology, cost: law, split: configuration.planner.split,
      passes: Planner.passes(searchRounds: configuration.planner.searchRounds))
  }

  /// One turn: look at what was counted, and change the placement if that pays.
  ///
  /// - Parameters:
  ///   - snapshot: What had been counted by now.
  ///   - samples: What sampled batches had revealed by now.
  ///   - transitions: Where sampled tokens had gone from layer to layer by now; nil when nobody counts them.
  ///   - queueLength: Requests that wait; nil when nobody says.
  /// - Returns: What was done or declined, and why.
  public mutating func tick(
    _ snapshot: LoadSnapshot, samples: SampleTotals, transitions: AffinityTotals? = nil, queueLength: Int? = nil
  ) async -> ControlEvent {
    defer { ticks += 1 }
    path.isApplying = rollout.isRetiring
    let retired = await rollout.retireUnreachable(path.table)
    path.isApplying = false
    var event = ControlEvent(
      tick: ticks, time: snapshot.time, decision: .hold(.noLoad), retired: retired, isRetiring: rollout.isRetiring)
    event.delay = isDelayReported ? nil : rollout.delay
    isDelayReported = rollout.delay != nil
    relieve(queueLength, &event)

    let plan = think(snapshot, samples, transitions, &event)
    guard let plan, configuration.mode == .act else { return event }

    await carryOut(plan, samples, &event)
    return event
  }

  /// Stages and publishes a plan, or abandons it; the event says which.
  mutating func carryOut(_ plan: Plan, _ samples: SampleTotals, _ event: inout ControlEvent) async {
    path.isApplying = true
    event.rollout = await rollout.apply(plan, to: path.table, compile: compile)
    path.isApplying = false
    for replica in rollout.measured { estimator.note(replica) }
    if case .published = event.rollout {
      previous = plan.current
      if !plan.isCutShort { estimator.notePlan(plan.changes.map(\.layer)) }
      noteDriftReference(samples)
    }
    event.isRetiring = rollout.isRetiring
  }

  /// The part of a tick that only computes: slide, estimate, decide, plan.
  private mutating func think(
    _ snapshot: LoadSnapshot, _ samples: SampleTotals, _ transitions: AffinityTotals?, _ event: inout ControlEvent
  ) -> Plan? {
    let clock = ContinuousClock()
    let start = clock.now
    defer { event.thinkingTime = clock.now - start }

    watchDrift(snapshot, samples, &event)
    let known = expect(snapshot, samples, transitions)
    let placement = path.table.current.placement
    if mustRehome(placement), configuration.mode != .observe {
      let estimate = known ?? evenEstimate()
      guard let plan = rehome(placement, estimate, limits(estimate), &event) else { return nil }
      return announce(plan, &event)
    }
    guard let estimate = known,
      let imbalance = try? planner.imbalance(of: placement, for: estimate, statuses: statuses)
    else { return nil }
    event.imbalance = imbalance
    let quality = QualityGuard(
      placement, errors: estimate.errors, full: path.executor.shape.fullPrecision,
      replicaErrorBound: configuration.planner.replicaErrorBound)
    event.quality = quality
    event.resident = ResidentShare(placement, need: estimate.need)
    event.decision = decide(imbalance, isUrgent: isUrgent(quality, placement, estimate))
    guard event.decision == .plan,
      let plan = try? planner.plan(from: placement, for: estimate, within: limits(estimate), statuses: statuses)
    else { return nil }
    noteOutcome(of: plan, quality)
    guard !plan.isEmpty else { return decline(plan, samples, &event) }
    return announce(plan, &event)
  }

  /// What no plan could mend is not urgent again.
  private mutating func noteOutcome(of plan: Plan, _ quality: QualityGuard) {
    hopeless = plan.isEmpty ? Set(quality.breaches.map(\.place)) : []
    hopelessExchangeTick = plan.isEmpty ? ticks : nil
  }

  /// What the counts let one expect; nil while nothing has been counted.
  mutating func expect(
    _ snapshot: LoadSnapshot, _ samples: SampleTotals, _ transitions: AffinityTotals?
  ) -> LoadEstimate? {
    window.slide(to: snapshot)
    let placement = path.table.current.placement
    var known = window.load.flatMap {
      estimator.estimate(window: $0, samples: samples, placement: placement, ticks: window.slides)
    }
    known?.affinity = transitions.flatMap { affinity.estimate($0) }
    noteNeed(samples, &known)
    return known
  }

  /// Takes note that no change pays: the placement is right for the load at hand.
  private mutating func decline(_ plan: Plan, _ samples: SampleTotals, _ event: inout ControlEvent) -> Plan? {
    controller.foundNothing()
    if !plan.isCutShort { estimator.notePlan([]) }
    noteDriftReference(samples)
    event.decision = .hold(.nothingPays)
    return nil
  }

  private mutating func announce(_ plan: Plan, _ event: inout ControlEvent) -> Plan {
    controller.planned(isCutShort: plan.isCutShort && configuration.mode == .act)
    event.forecast = plan.forecast
    event.changes = plan.changes
    event.isCutShort = plan.isCutShort && configuration.mode == .act
    return plan
  }

  /// Makes another configuration take effect from the next tick on.
  public mutating func apply(_ next: BalancerConfiguration) {
    configuration = next
    settleKnobs()
    affinity.halfLifeTicks = next.estimator.halfLifeTicks
    need.halfLifeTicks = next.planner.residencyHalfLifeTicks
    estimator.forgetPlans()
    rollout.configuration = next.rollout
    set(gate: next.gate)
    planner = Planner(
      shape: planner.shape, topology: planner.topology, cost: planner.cost, split: next.planner.split,
      passes: Planner.passes(searchRounds: next.planner.searchRounds))
    republish()
  }

  private mutating func decide(_ imbalance: Double, isUrgent: Bool) -> Decision {
    if configuration.mode == .observe { return .hold(.observing) }
    // A lane that stalls must not stop the placement from following the load.
    if rollout.isRetiring, rollout.delay == nil { return .hold(.awaitingRetirement) }
    return controller.decide(imbalance: imbalance, isQualityBreached: isUrgent)
  }

  /// What a plan made now must keep within, and what a byte must earn.
  func limits(_ estimate: LoadEstimate) -> PlanningLimits {
    let planner = configuration.planner
    let life = Double(configuration.controller.planLifeTicks) * estimate.batchesPerTick
    let precisions = path.executor.precisions.filter { $0.satisfies(planner.leastPrecision) }
    let total = budget.bytesPerDevice.reduce(0.0) { $0 + Double($1) }
    let shape = path.executor.shape
    let leaving = rollout.leavingBytes(devices: budget.bytesPerDevice.count)
    var limits = PlanningLimits(
      stagingBytes: zip(budget.bytesPerDevice, leaving).map { $0 - $1 }, residentBytes: budget.residentBytes,
      moveBytes: Int(max(0, min(Double(Int32.max) * 4096, planner.moveBudgetShare * total))),
      qualityBudget: planner.qualityBudget, replicaErrorBound: planner.replicaErrorBound,
      precisions: precisions.filter { $0.rawValue >= shape.fullPrecision.rawValue },
      replicasPerDevice: planner.copiesPerLayer.map { $0 / budget.bytesPerDevice.count },
      nanosecondsPerByte: configuration.controller.gainSafetyFactor * 1e9 / self.planner.cost.linkBytesPerSecond
        / max(life, 1), leastGain: planner.leastGain,
      moves: planner.moves, tailShare: planner.tailShare)
    limits.mayEvict = planner.residency.mayEvict
    limits.pinned = planner.pinned
    limits.linkPrice = LinkPrice(
      configuration.affinity, cost: self.planner.cost, devices: budget.bytesPerDevice.count)
    return limits
  }

  func compile(
    _ placement: Placement, _ handle: (LayerID, Replica) -> UInt32?
  ) throws(RoutingTableError) -> RoutingTable {
    try configuration.compile(
      placement, handle: handle, executor: path.executor, cost: planner.cost,
      maskedDevices: maskedDevices(placement), version: path.table.current.version + 1)
  }

  /// Publishes the placement as it is under the knobs as they are.
  func republish() {
    guard let table = try? compile(path.table.current.placement, rollout.handle) else { return }
    path.table.replace(with: table)
  }
}

extension BalancerConfiguration {
  /// The table by which lanes dispatch to `placement` under these knobs, to no masked device.
  public func compile(
    _ placement: Placement, handle: (LayerID, Replica) -> UInt32?, executor: any ExpertExecutor, cost: CostModel,
    maskedDevices: Set<DeviceID> = [], version: UInt64
  ) throws(RoutingTableError) -> RoutingTable {
    try RoutingTable(
      placement, handle: handle, shape: executor.shape, topology: executor.topology, cost: cost, policy: dispatch,
      residency: planner.residency, maskedDevices: maskedDevices, samplingInterval: estimator.samplingInterval,
      version: version)
  }
}
