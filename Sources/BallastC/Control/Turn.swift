import BallastRuntime

/// Where the control loop of one balancer stands between threads: its turn, the steps it waits for, and its events.
struct Turn: Sendable {
  /// Something the engine must do before the turn goes on; a retirement does not hold it up.
  struct Step: Sendable {
    enum Kind: Sendable {
      case stage
      case retire
      case publish
    }

    let number: UInt64
    let kind: Kind
    var layer = LayerID(0)
    var replica: StagedReplica?
    var version: UInt64 = 0
    /// For a publication, the step of serving it is to be acknowledged before; 0 for none.
    var switchStep: UInt64 = 0
  }

  typealias Reply = CheckedContinuation<Result<Void, StagingError>, Never>

  /// Whether a turn of the loop is under way.
  var isUnderWay = false
  /// Whether the plan under way is to be abandoned.
  var isAborting = false
  /// Whether the plan under way was acknowledged to be published.
  var isPublished = false
  /// The step of serving at which the plan under way is to be switched to; 0 for none.
  var switchStep: UInt64 = 0
  var isRunning = false
  var isStopping = false
  /// Steps not given yet, in order.
  private(set) var queue: [Step] = []
  /// Steps given and not acknowledged.
  private(set) var given: [UInt64: Step] = [:]
  private var waiting: [UInt64: Reply] = [:]
  private var lastStep: UInt64 = 0

  /// Whether the turn can go no further without the engine.
  var waitsForSteps: Bool { !waiting.isEmpty }

  mutating func nextNumber() -> UInt64 {
    lastStep += 1
    return lastStep
  }

  mutating func post(_ step: Step, reply: Reply? = nil) {
    queue.append(step)
    if let reply { waiting[step.number] = reply }
  }

  /// The next step, which counts as given then.
  mutating func take() -> Step? {
    guard !queue.isEmpty else { return nil }
    let step = queue.removeFirst()
    given[step.number] = step
    return step
  }

  /// The step of that number, once it was given; it is done with then.
  mutating func finish(_ number: UInt64) -> (step: Step, reply: Reply?)? {
    guard let step = given.removeValue(forKey: number) else { return nil }
    return (step, waiting.removeValue(forKey: number))
  }

  /// Takes a step back, given or not.
  mutating func withdraw(_ number: UInt64) {
    queue.removeAll { $0.number == number }
    given[number] = nil
    waiting.removeValue(forKey: number)?.resume(returning: .failure(.cancelled))
  }

  /// Takes every step back that holds the turn up; returns whether there was one.
  mutating func abort() {
    isAborting = true
    for number in waiting.keys.sorted() { withdraw(number) }
  }
}
