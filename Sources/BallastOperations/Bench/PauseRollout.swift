import BallastControl
import BallastRuntime

/// Applies plans to a serving path one after another, as a control loop does.
struct PauseRollout {
  let path: ServingPath
  private let plans: PausePlans
  private let cost: CostModel
  private var rollout: Rollout
  private var current = 0
  /// Plans published since `forgetCounts`.
  private(set) var applied = 0
  /// Bytes staged since `forgetCounts`.
  private(set) var bytesStaged = 0

  /// Stages the first placement.
  init(
    executor: any ExpertExecutor, plans: PausePlans, configuration: RolloutConfiguration
  ) async throws(BenchError) {
    self.plans = plans
    rollout = Rollout(executor: executor, configuration: RolloutConfiguration())
    do throws(StagingError) {
      cost = try await executor.calibrate()
      try await rollout.stageAll(plans.placements[0])
    } catch {
      throw .unmade("\(error)")
    }
    let (handle, cost) = (rollout.handle, cost)
    let table = try BenchError.making { () throws(RoutingTableError) in
      try RoutingTable(
        plans.placements[0], handle: handle, shape: executor.shape, topology: executor.topology, cost: cost)
    }
    path = ServingPath(table: table, executor: executor, laneLimit: 1)
    rollout.configuration = configuration
  }

  /// Applies a plan every `period`, or as often as staging allows, for `duration`.
  mutating func apply(every period: Duration, for duration: Duration) async throws(BenchError) {
    let clock = ContinuousClock()
    let end = clock.now + duration
    var due = clock.now
    while due < end {
      try? await clock.sleep(until: due)
      try await apply()
      due = max(due + period, clock.now)
    }
    try? await clock.sleep(until: end)
  }

  /// Retires what the last plan replaced, as soon as the lane lets go of it.
  mutating func settle() async {
    while rollout.isRetiring {
      await retire()
      try? await Task.sleep(for: .milliseconds(1))
    }
  }

  mutating func forgetCounts() {
    applied = 0
    bytesStaged = 0
  }

  /// One tick: retire, then stage and publish, unless something still waits to be retired.
  private mutating func apply() async throws(BenchError) {
    await retire()
    guard !rollout.isRetiring else { return }
    path.isApplying = true
    defer { path.isApplying = false }
    let executor = path.executor
    let (cost, version) = (cost, path.table.current.version + 1)
    let outcome = await rollout.apply(plans.plan(from: current), to: path.table) {
      (placement, handle) throws(RoutingTableError) in
      try RoutingTable(
        placement, handle: handle, shape: executor.shape, topology: executor.topology, cost: cost, version: version)
    }
    switch outcome {
    case .published(_, let bytes):
      current = 1 - current
      applied += 1
      bytesStaged += bytes
    case .abandoned(let error, _): throw .planAbandoned("\(error)")
    }
  }

  private mutating func retire() async {
    path.isApplying = rollout.isRetiring
    _ = await rollout.retireUnreachable(path.table)
    path.isApplying = false
  }
}
