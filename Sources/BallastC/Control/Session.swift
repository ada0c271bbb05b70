import Ballast
import BallastControl
import BallastRuntime
import CBallast
import Synchronization

/// One balancer behind a handle: its mode, its turns, its events and its lanes.
final class Session: Sendable {
  // Concurrency:
  // - A turn runs on the library's own threads, one at a time; the monitor says when it is over or needs the engine.
  let balancer: Balancer
  let shape: ModelShape
  /// The engine's side in advice mode; nil in executor mode.
  let advised: AdvisedExecutor?
  /// What computes in executor mode; nil in advice mode.
  let executor: SharedExecutor?
  let turn: Monitor<Turn>
  private let events = Mutex(EventQueue())
  private let settings: Mutex<Settings>
  private let lanes = Mutex<Set<UInt64>>([])
  private let closed = Atomic<Bool>(false)
  /// When the last turn was, on the caller's clock.
  private let lastTime = Mutex(Duration.zero)

  private struct Settings {
    var configuration: BalancerConfiguration
    var isFrozen = false

    var effective: BalancerConfiguration {
      var configuration = configuration
      if isFrozen { configuration.mode = .observe }
      return configuration
    }
  }

  init(
    balancer: Balancer, shape: ModelShape, advised: AdvisedExecutor?, turn: Monitor<Turn>,
    configuration: BalancerConfiguration, executor: SharedExecutor? = nil
  ) {
    self.executor = executor
    self.balancer = balancer
    self.shape = shape
    self.advised = advised
    self.turn = turn
    settings = Mutex(Settings(configuration: configuration))
  }

  var isClosed: Bool { closed.load(ordering: .relaxed) }
  var isFrozen: Bool { settings.withLock { $0.isFrozen } }
  var laneCount: Int { lanes.withLock { $0.count } }
  var eventsDropped: UInt64 { events.withLock { $0.dropped } }

  // MARK: Settings

  func configure(_ text: String) throws(Refusal) {
    try change { (settings: inout Settings) throws(Refusal) in
      let current = settings.configuration
      settings.configuration = try refusing(BALLAST_BAD_SETTING) { () throws(SettingsError) in
        try SettingsText(parsing: text).applied(to: current)
      }
    }
  }

  func setFrozen(_ isFrozen: Bool) throws(Refusal) { try change { $0.isFrozen = isFrozen } }

  /// Changes the settings, or leaves all as they were.
  private func change(_ body: (inout Settings) throws(Refusal) -> Void) throws(Refusal) {
    try settings.withLock { settings throws(Refusal) in
      var next = settings
      try body(&next)
      try refusing(BALLAST_BAD_SETTING) { () throws(BalancerError) in try balancer.apply(next.effective) }
      settings = next
    }
  }

  // MARK: Turns

  /// One turn, until it is over or waits for the engine.
  func tick(
    at time: Duration, _ work: @escaping @Sendable (Balancer) async -> ControlEvent?
  ) throws(Refusal) {
    lastTime.withLock { $0 = time }
    try begin()
    Task.detached {
      self.end(await work(self.balancer))
    }
    waitForTurn()
  }

  /// Applies a plan; a turn of its own.
  ///
  /// In executor mode a plan that waits for serving to reach a step goes on by itself.
  func apply(_ plan: Plan) throws(Refusal) {
    try changing { () throws(PlacementChangeError) in try balancer.check(plan) }
    var plan = plan
    let step = plan.switchStep ?? 0
    // In advice mode the engine holds the publication back itself.
    if advised != nil { plan.switchStep = nil }
    let time = lastTime.withLock { $0 }
    try change(waiting: advised != nil || step == 0, switchStep: step, announced: plan.switchStep) {
      [plan] balancer throws(PlacementChangeError) in
      try await balancer.apply(plan, at: time)
    }
  }

  /// Takes over what was learned; a turn of its own.
  func restore(_ state: LearnedState) throws(Refusal) {
    try change(waiting: true) { balancer throws(PlacementChangeError) in try await balancer.restore(state) }
  }

  /// One turn that may be refused, until it is over or waits for the engine.
  private func change(
    waiting isWaiting: Bool, switchStep: UInt64 = 0, announced: UInt64? = nil,
    _ work: @escaping @Sendable (Balancer) async throws(PlacementChangeError) -> ControlEvent?
  ) throws(Refusal) {
    try begin(switchStep: switchStep)
    // Before this returns: `reach` must not pass the step because the turn has not begun.
    if announced != nil { balancer.switchPoint.announce(announced) }
    let refused = Monitor<PlacementChangeError?>(nil)
    Task.detached {
      do throws(PlacementChangeError) {
        self.end(try await work(self.balancer))
      } catch {
        refused.withLock { $0 = error }
        self.balancer.switchPoint.conclude()
        self.end(nil)
      }
    }
    if isWaiting { waitForTurn() }
    if let error = refused.withLock({ $0 }) { throw Refusal(error) }
  }

  private func begin(switchStep: UInt64 = 0) throws(Refusal) {
    let isFirst = turn.withLock { turn in
      guard !turn.isUnderWay else { return false }
      turn.isUnderWay = true
      turn.isAborting = isClosed
      turn.isPublished = false
      turn.switchStep = switchStep
      return true
    }
    guard isFirst else {
      throw Refusal(BALLAST_BUSY, "a turn of the control loop is under way; wait until it is over")
    }
  }

  private func end(_ event: ControlEvent?) {
    if let event { events.withLock { $0.add(event) } }
    turn.withLock { $0.isUnderWay = false }
  }

  private func waitForTurn() {
    while turn.wait({ $0.isUnderWay && !$0.waitsForSteps ? nil : true }) == nil {}
  }

  /// Abandons the plan under way; returns whether one could be.
  func abort() -> Bool {
    guard advised != nil else { return balancer.withdrawSwitch() }
    return turn.withLock { turn in
      guard turn.isUnderWay, !turn.isPublished else { return false }
      turn.abort()
      return true
    }
  }

  /// Ticks until `stop`.
  func run() throws(Refusal) {
    let isFirst = turn.withLock { turn in
      defer { turn.isRunning = true }
      return !turn.isRunning
    }
    guard isFirst else { throw Refusal(BALLAST_BUSY, "the balancer runs already; stop it first") }
    let clock = ContinuousClock()
    let start = clock.now
    while !isClosed {
      let period = settings.withLock { $0.configuration.tickMilliseconds }
      if turn.wait(milliseconds: period, { $0.isStopping ? true : nil }) != nil { break }
      // A turn that still waits for the engine goes on.
      let time = clock.now - start
      try? tick(at: time) { await $0.tick(at: time) }
    }
    turn.withLock { turn in
      turn.isRunning = false
      turn.isStopping = false
    }
  }

  func stop() { turn.withLock { $0.isStopping = true } }

  func nextEvent() throws(Refusal) -> ballast_event {
    guard let (event, dropped) = events.withLock({ $0.take() }) else { throw .nothing("there is no event") }
    return ballast_event(event, droppedBefore: dropped)
  }

  // MARK: Lanes

  func addLane() throws(Refusal) -> UInt64 {
    let lane = try refusing(BALLAST_LIMIT_REACHED) { () throws(LaneError) in
      ServedLane(try balancer.makeLane(), session: self)
    }
    let handle = try Registry.lanes.add(lane)
    lanes.withLock { _ = $0.insert(handle) }
    if isClosed { try Registry.lanes.remove(handle, whenBusy: true) }
    return handle
  }

  func forget(lane handle: UInt64) { lanes.withLock { _ = $0.remove(handle) } }

  /// Ends everything that goes on; what still uses the session finishes first.
  func close() {
    closed.store(true, ordering: .relaxed)
    turn.withLock { turn in
      turn.isStopping = turn.isRunning
      turn.abort()
    }
    balancer.closeSwitch()
    for lane in lanes.withLock({ $0 }) { try? Registry.lanes.remove(lane, whenBusy: true) }
  }
}
