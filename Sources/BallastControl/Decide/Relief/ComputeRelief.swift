/// Decides how much computing each token is spared while more requests wait than should.
///
/// A level of relief, 0 for none. It rises by one while the queue is above its target, and falls by one, before
/// anything else a tick does, as soon as the queue has shrunk to half of it. Between the two it stays.
public struct ComputeRelief: Hashable, Sendable {
  /// A change of level.
  public struct Step: Hashable, Sendable {
    /// The level before.
    public let from: Int
    /// The level from now on; below `from` when quality is restored.
    public let to: Int
    /// Requests that waited.
    public let queueLength: Int
  }

  /// The knobs; a change takes effect at the next tick.
  public var configuration: ComputeReliefConfiguration
  /// How much is spared now: 0 for nothing, `configuration.levels` for all that may be.
  public private(set) var level = 0
  /// Ticks until the next rise: what the last one brought must show first.
  private var ticksToWait = 0

  /// No relief.
  public init(configuration: ComputeReliefConfiguration) { self.configuration = configuration }

  /// Looks at the queue of this tick.
  ///
  /// - Parameter queueLength: Requests that wait; nil when nobody has said, which changes nothing.
  /// - Returns: The step taken, or nil to leave things as they are.
  public mutating func decide(queueLength: Int?) -> Step? {
    let queue = max(queueLength ?? 0, 0)
    let target = configuration.queueTarget
    // Whoever turns relief off, or allows less of it, does not wait for the queue.
    let most = target > 0 ? max(configuration.levels, 0) : 0
    if level > most { return move(to: most, queue) }
    ticksToWait = max(0, ticksToWait - 1)
    guard queueLength != nil, target > 0 else { return nil }
    if level > 0, queue <= target / 2 { return move(to: level - 1, queue) }
    guard queue > target, level < most, ticksToWait == 0 else { return nil }
    ticksToWait = max(configuration.settleTicks, 1)
    return move(to: level + 1, queue)
  }

  private mutating func move(to next: Int, _ queueLength: Int) -> Step {
    defer { level = next }
    return Step(from: level, to: next, queueLength: queueLength)
  }
}
