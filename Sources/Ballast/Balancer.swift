public import BallastControl
public import BallastRuntime
import Synchronization

/// The one type to embed: serving lanes, and the loop beside them that keeps the experts in balance.
///
///     let balancer = try await Balancer(executor: executor, configuration: BalancerConfiguration())
///     async let control: Void = balancer.run()
///     var lane = try balancer.makeLane()
///     try lane.serve(selection, layer: LayerID(0), input: hidden, output: &combined)
///
/// The balancer starts no thread: `run` belongs to whoever calls it, and so does each lane.
public final class Balancer: Sendable {
  // Concurrency:
  // - The control loop is one value with one owner. A tick takes it out, uses it, and puts it back; a second tick
  //   meanwhile finds nothing and says so.
  // - Configuration and observers wait in mutexes that only the control side takes.
  let path: ServingPath
  let loop: Mutex<ControlLoop?>
  private let next = Mutex<BalancerConfiguration?>(nil)
  private let current: Mutex<BalancerConfiguration>
  private let observers = Mutex<[@Sendable (ControlEvent) -> Void]>([])
  private let plans = Mutex(PlanTally())
  package let switchPoint: SwitchPoint
  private let budget: ByteBudget
  /// `[device]`: whether it takes part.
  private let statuses: Mutex<[DeviceStatus]>
  let start = ContinuousClock.now
  /// Requests that wait, as was said last; below 0 until someone has.
  private let queueLength = Atomic<Int>(-1)

  private struct PlanTally {
    var published = 0
    var abandoned = 0
    var ticks = 0
    var quality: QualityGuard?
    var resident: ResidentShare?
    var drift: RoutingDrift?
    var isDrifting = false
    var driftAlarms = 0
    var reliefLevel = 0
    var reliefSteps = 0
    var delays = 0
    var isRetiring = false
  }

  /// Stages a first placement on `executor` and readies everything to serve.
  ///
  /// - Parameters:
  ///   - executor: Where experts live and are computed.
  ///   - configuration: Every knob.
  ///   - cost: The cost law; nil lets the executor measure itself.
  ///   - placement: What to start from; nil is one copy of each expert, contiguous, as many at low precision as the
  ///     staging reserve needs.
  /// - Throws: `BalancerError`; the executor then holds nothing of this balancer.
  public init(
    executor: any ExpertExecutor, configuration: BalancerConfiguration, cost: CostModel? = nil,
    placement: Placement? = nil
  ) async throws(BalancerError) {
    guard (1...65_536).contains(configuration.laneLimit) else {
      throw .knobOutOfRange(name: "laneLimit", value: configuration.laneLimit, allowed: 1...65_536)
    }
    let budget = try Self.budget(configuration, executor)
    let first = try Self.firstPlacement(placement, executor, configuration.planner, budget)
    var rollout = Rollout(executor: executor, configuration: configuration.rollout)
    let law: CostModel
    do throws(StagingError) {
      if let cost { law = cost } else { law = try await executor.calibrate() }
      try await rollout.stageAll(first)
    } catch {
      throw .staging(error)
    }
    let table: RoutingTable
    do throws(RoutingTableError) {
      table = try configuration.compile(first, handle: rollout.handle, executor: executor, cost: law, version: 0)
    } catch {
      throw .table(error)
    }
    path = ServingPath(
      table: table, executor: executor, laneLimit: configuration.laneLimit,
      affinityLanes: configuration.affinity.coefficient > 0 ? configuration.affinity.sampledLanes : 0,
      gate: configuration.gate)
    (self.budget, switchPoint) = (budget, rollout.switchPoint)
    loop = Mutex(ControlLoop(path: path, budget: budget, cost: law, rollout: rollout, configuration: configuration))
    current = Mutex(configuration)
    statuses = Mutex(Array(repeating: .serving, count: executor.topology.devices.count))
  }

  /// What to start from, checked.
  private static func firstPlacement(
    _ given: Placement?, _ executor: any ExpertExecutor, _ planner: PlannerConfiguration, _ budget: ByteBudget
  ) throws(BalancerError) -> Placement {
    let (shape, topology) = (executor.shape, executor.topology)
    let first =
      given
      ?? budget.startPlacement(
        shape: shape, topology: topology, leastPrecision: planner.leastPrecision, mayEvict: planner.residency.mayEvict)
    try Result { () throws(PlacementError) in try first.check(shape: shape, topology: topology) }
      .mapError { BalancerError.placement($0) }.get()
    let isStoring = planner.residency.mayEvict || first.storedCount > 0
    guard executor.storesExperts || !isStoring else { throw .noStore }
    return first
  }

  /// A handle for one more serving worker.
  ///
  /// - Throws: `LaneError.tooManyLanes` when `laneLimit` lanes exist.
  public func makeLane() throws(LaneError) -> Lane { try path.makeLane() }

  /// Ticks until the task is cancelled; call it once, beside serving.
  ///
  /// After a plan that was cut short the next tick comes sooner: only retirement has to be waited for.
  public func run() async {
    var isCutShort = false
    while !Task.isCancelled {
      let period = Duration.milliseconds(max(1, current.withLock { $0.tickMilliseconds }))
      try? await Task.sleep(for: isCutShort ? period / 8 : period)
      guard !Task.isCancelled else { return }
      let event = await tick(at: ContinuousClock.now - start)
      isCutShort = event?.isCutShort ?? false
    }
  }

  /// One turn of the control loop, for callers with a loop of their own.
  ///
  /// - Parameter time: Now, on the caller's clock; it must not run backwards.
  /// - Returns: What was done or declined; nil when another tick is under way.
  @discardableResult
  public func tick(at time: Duration) async -> ControlEvent? {
    await tick(
      LoadSnapshot(time: time, totals: path.counters.totals()), samples: path.samples.totals(),
      transitions: path.affinity?.totals())
  }

  /// One turn on counts made elsewhere, such as a recorded trace or the sum of several processes.
  ///
  /// - Parameters:
  ///   - snapshot: What had been counted by now, of the executor's model.
  ///   - samples: What sampled batches had revealed by now, of the same model.
  ///   - transitions: Where sampled tokens had gone from layer to layer by now; nil leaves affinity out.
  /// - Returns: What was done or declined; nil when another tick is under way, or the counts are of another model.
  @discardableResult
  public func tick(
    _ snapshot: LoadSnapshot, samples: SampleTotals, transitions: AffinityTotals? = nil
  ) async -> ControlEvent? {
    guard fits(snapshot, samples), fits(transitions), var control = take() else { return nil }
    let queue = queueLength.load(ordering: .relaxed)
    let event = await control.tick(
      snapshot, samples: samples, transitions: transitions, queueLength: queue < 0 ? nil : queue)
    conclude(control, event)
    return event
  }

  /// Takes the loop for one turn, under the newest configuration; nil while another turn has it.
  func take() -> ControlLoop? {
    guard var control = loop.withLock({ $0.take() }) else { return nil }
    if let configuration = next.withLock({ $0.take() }) { control.apply(configuration) }
    return control
  }

  /// Ends a turn: the loop goes back, and everyone hears what was done.
  func conclude(_ control: ControlLoop, _ event: ControlEvent) {
    putBack(control)
    tally(event)
    for observer in observers.withLock({ $0 }) { observer(event) }
  }

  /// Makes another configuration take effect before the next tick.
  ///
  /// - Throws: `BalancerError.fixedWhileRunning` for a knob that cannot change, `pinned` for an expert that does not
  ///   exist; everything stays as it was.
  public func apply(_ configuration: BalancerConfiguration) throws(BalancerError) {
    try Self.check(configuration.planner.pinned, path.executor)
    let before = current.withLock { $0 }
    guard configuration.laneLimit == before.laneLimit else { throw .fixedWhileRunning("laneLimit") }
    guard configuration.planner.memoryBudgetShare == before.planner.memoryBudgetShare else {
      throw .fixedWhileRunning("planner.memoryBudgetShare")
    }
    guard configuration.planner.stagingReserveExperts == before.planner.stagingReserveExperts else {
      throw .fixedWhileRunning("planner.stagingReserveExperts")
    }
    guard configuration.planner.residency == before.planner.residency else {
      throw .fixedWhileRunning("planner.residency")
    }
    guard configuration.affinity == before.affinity else { throw .fixedWhileRunning("affinity") }
    guard configuration.rollout.quantizer == before.rollout.quantizer else {
      throw .fixedWhileRunning("rollout.quantizer")
    }
    current.withLock { $0 = configuration }
    next.withLock { $0 = configuration }
  }

  private static func budget(
    _ configuration: BalancerConfiguration, _ executor: any ExpertExecutor
  ) throws(BalancerError) -> ByteBudget {
    try check(configuration.planner.pinned, executor)
    do throws(ByteBudgetError) {
      return try ByteBudget(
        shape: executor.shape, topology: executor.topology, configuration: configuration.planner)
    } catch {
      throw .memory(error)
    }
  }

  private static func check(_ pinned: PinnedExperts, _ executor: any ExpertExecutor) throws(BalancerError) {
    do throws(PinnedExpertsError) { try pinned.check(shape: executor.shape) } catch { throw .pinned(error) }
  }

  /// `[device]`: whether it takes part.
  public var devices: [DeviceStatus] { statuses.withLock { $0 } }

  /// Notes the status of a device, and makes it take effect at once unless a tick is under way, which then does.
  func set(_ device: DeviceID, to status: DeviceStatus) throws(BalancerError) {
    let count = path.executor.topology.devices.count
    guard (0..<count).contains(device.index) else { throw .unknownDevice(device, devices: count) }
    try statuses.withLock { (statuses) throws(BalancerError) in
      var next = statuses
      next[device.index] = status
      guard next.contains(.serving) else { throw .devices(.noDeviceLeft(devices: count)) }
      statuses = next
    }
    loop.withLock { loop in try? loop?.set(statuses.withLock { $0 }) }
  }

  /// Gives the loop back after it has heard which devices take part.
  func putBack(_ control: ControlLoop) {
    var control = control
    loop.withLock { loop in
      try? control.set(statuses.withLock { $0 })
      loop = control
    }
  }

  /// Says how many requests wait; the next tick spares tokens computing, or restores it, by that.
  ///
  /// - Throws: `BalancerError.knobOutOfRange` below 0; what was said before stands.
  /// - Complexity: One relaxed store; any thread may call it, at any time.
  public func report(queueLength length: Int) throws(BalancerError) {
    guard length >= 0 else { throw .knobOutOfRange(name: "queueLength", value: length, allowed: 0...Int.max) }
    queueLength.store(length, ordering: .relaxed)
  }

  /// Calls `observer` after every tick, on the task that ticks.
  public func observe(_ observer: @escaping @Sendable (ControlEvent) -> Void) {
    observers.withLock { $0.append(observer) }
  }

  /// How things stand now.
  public var statistics: BalancerStatistics {
    let table = path.table.current
    let tally = plans.withLock { $0 }
    let samples = path.samples.totals()
    return BalancerStatistics(
      placement: table.placement, tableVersion: table.version, ticks: tally.ticks, plansPublished: tally.published,
      plansAbandoned: tally.abandoned, memory: path.executor.memory, budgetBytesPerDevice: budget.bytesPerDevice,
      quality: tally.quality, drift: tally.drift, isDrifting: tally.isDrifting,
      driftAlarms: tally.driftAlarms, reliefLevel: tally.reliefLevel, reliefSteps: tally.reliefSteps,
      oldestLaneGeneration: path.table.oldestAnnouncedGeneration,
      currentGeneration: path.table.currentGeneration, waitingTables: path.table.keptCount,
      isRetiring: tally.isRetiring, retirementDelays: tally.delays, cost: table.cost,
      resident: tally.resident, storedAssignments: Int(samples.storedAssignments),
      substitutedAssignments: Int(samples.substitutedAssignments))
  }

  /// What sampled batches have revealed since the start.
  public var samples: SampleTotals { path.samples.totals() }

  /// Tokens counted since the start.
  public var load: LoadTotals { path.counters.totals() }

  /// What the gates of its lanes work by; the configuration's `gate` until someone changes it.
  public var gate: GateSetting { path.gate }

  /// Whether a plan is being staged, published or retired now.
  public var isApplying: Bool { path.isApplying }

  /// The routing table lanes use now.
  public var table: RoutingTable { path.table.current }

  func fits(_ snapshot: LoadSnapshot, _ samples: SampleTotals) -> Bool {
    let shape = path.executor.shape
    return snapshot.totals.layers == shape.layers && snapshot.totals.expertsPerLayer == shape.expertsPerLayer
      && snapshot.totals.roundsPerLayer == shape.roundsPerLayer
      && [samples.importance, samples.error, samples.shadowed].allSatisfy { rows in
        rows.count == shape.layers && rows.allSatisfy { $0.count == shape.expertsPerLayer }
      }
  }

  func fits(_ transitions: AffinityTotals?) -> Bool {
    guard let transitions else { return true }
    let shape = path.executor.shape
    return transitions.expertsPerLayer == shape.expertsPerLayer && transitions.roundsPerLayer == shape.roundsPerLayer
      && transitions.transitions.allSatisfy {
        $0.weights.count == shape.expertsPerLayer * shape.expertsPerLayer
          && (0..<shape.layers).contains($0.from.index) && (0..<shape.layers).contains($0.to.index)
      }
  }

  private func tally(_ event: ControlEvent) {
    plans.withLock {
      $0.ticks += 1
      if let quality = event.quality { $0.quality = quality }
      if let resident = event.resident { $0.resident = resident }
      if let drift = event.drift { $0.drift = drift }
      if event.isDrifting, !$0.isDrifting { $0.driftAlarms += 1 }
      $0.isDrifting = event.isDrifting
      $0.reliefLevel = event.reliefLevel
      if event.relief != nil { $0.reliefSteps += 1 }
      $0.isRetiring = event.isRetiring
      if event.delay != nil { $0.delays += 1 }
      switch event.rollout {
      case .published: $0.published += 1
      case .abandoned: $0.abandoned += 1
      case nil: break
      }
    }
  }
}
