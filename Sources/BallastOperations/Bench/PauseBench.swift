public import BallastControl
public import BallastRuntime
import BallastSimulator

/// Measures whether serving notices that plans are applied: steps with plans beside steps without.
public struct PauseBench: Sendable {
  /// What a measurement is made of.
  public struct Settings: Hashable, Sendable {
    /// How long is measured in all, half of it with plans.
    public var seconds: Double
    /// Phases with plans and phases without, taking turns; as many of each.
    public var phases: Int
    /// From one plan to the next.
    public var periodMilliseconds: Int
    /// Tokens of a step.
    public var tokens: Int
    /// Length of what an expert reads, which the executor knows.
    public var hidden: Int
    /// Decides which experts tokens choose.
    public var seed: UInt64
    /// How gently plans are applied.
    public var rollout: RolloutConfiguration

    /// States a measurement; the defaults take turns every second.
    public init(
      seconds: Double = 20, phases: Int = 10, periodMilliseconds: Int = 50, tokens: Int = 16, hidden: Int,
      seed: UInt64 = 1, rollout: RolloutConfiguration = RolloutConfiguration()
    ) {
      self.seconds = seconds
      self.phases = phases
      self.periodMilliseconds = periodMilliseconds
      self.tokens = tokens
      self.hidden = hidden
      self.seed = seed
      self.rollout = rollout
    }
  }

  private let executor: any ExpertExecutor
  private let settings: Settings
  private let readyThread: @Sendable () -> Void
  private let plans: PausePlans

  /// A measurement on `executor`, which holds nothing yet and knows int8.
  ///
  /// `readyThread` is called once on the thread that serves, before it does.
  ///
  /// - Throws: `BenchError.unmade` for a model of one expert.
  public init(
    executor: any ExpertExecutor, settings: Settings, readyThread: @escaping @Sendable () -> Void = {}
  ) throws(BenchError) {
    self.executor = executor
    self.readyThread = readyThread
    self.settings = settings
    plans = try PausePlans(shape: executor.shape, topology: executor.topology)
  }

  /// Stages the model, warms up, and lets phases with and without plans take turns.
  ///
  /// - Throws: `BenchError`.
  public func run() async throws(BenchError) -> PauseOutcome {
    var applying = try await PauseRollout(executor: executor, plans: plans, configuration: settings.rollout)
    let lane = PauseLane(path: applying.path, batches: try batches(), hidden: settings.hidden)
    let serving = Task { [readyThread] in await lane.run(readyThread) }
    var failure: BenchError?
    do throws(BenchError) {
      try await measure(lane, &applying)
    } catch {
      failure = error
    }
    lane.enter(.over)
    let times = try await serving.value.get()
    if let failure { throw failure }
    if let error = times.error { throw .execution(error) }
    return PauseOutcome(
      quiet: times.quiet, plans: times.plans, plansApplied: applying.applied, bytesStaged: applying.bytesStaged,
      secondsWithPlans: settings.seconds / 2, stepsWaited: Int(applying.path.samples.totals().delayedBatches))
  }

  private func measure(_ lane: PauseLane, _ applying: inout PauseRollout) async throws(BenchError) {
    let phase = Duration.seconds(settings.seconds / Double(2 * max(settings.phases, 1)))
    let period = Duration.milliseconds(max(settings.periodMilliseconds, 1))
    // The first plans touch memory for the first time.
    try await applying.apply(every: period, for: max(phase, period * 4))
    applying.forgetCounts()
    for turn in 0..<max(settings.phases, 1) {
      // Which comes first changes from turn to turn, so that a slow drift favours neither.
      for plans in turn % 2 == 0 ? [false, true] : [true, false] {
        lane.enter(plans ? .plans : .quiet)
        if plans {
          try await applying.apply(every: period, for: phase)
        } else {
          try? await Task.sleep(for: phase)
        }
        await applying.settle()
      }
    }
  }

  private func batches() throws(BenchError) -> [Selection] {
    try BenchError.making { () throws(ZipfWorkloadError) in
      let workload = try ZipfWorkload(shape: executor.shape, exponent: 0, seed: settings.seed)
      var batches: [Selection] = []
      for batch in 0..<64 {
        batches.append(
          try workload.selection(
            layer: LayerID(0), tokens: settings.tokens, batch: batch, traits: TokenTraits(phase: .decode)))
      }
      return batches
    }
  }
}
