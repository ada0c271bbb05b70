/// Decides when the placement is worth changing.
///
/// Hysteresis (enter above one threshold, leave below a lower one), dwell (the imbalance must persist) and cooldown
/// (a change must be seen to work before the next). A plan that was cut short goes on without either, and a long
/// balance is reviewed now and then. Not a PID: there is no setpoint, and every correction costs.
public struct Controller: Sendable {
  /// The knobs; a change takes effect at the next tick.
  public var configuration: ControllerConfiguration

  /// Where the controller stands between ticks.
  private enum State: Hashable {
    case calm(ticks: Int)
    case breached(ticks: Int)
    case continuing
    case cooling(ticksLeft: Int)
  }

  private var state = State.calm(ticks: 0)
  /// Reviews that found nothing double the wait for the next, up to this many times.
  private var fruitlessReviews = 0

  private static let longestWait = 5

  /// A calm controller.
  public init(configuration: ControllerConfiguration) { self.configuration = configuration }

  /// Looks at the imbalance of this tick.
  ///
  /// - Parameters:
  ///   - imbalance: The device imbalance forecast for the placement as it is, at least 1.
  ///   - isQualityBreached: Whether low precision was found to cost more than it may, or an expert the traffic needs is
  ///     stored: then nothing is waited for but the cooldown.
  /// - Returns: To plan, or to hold and why.
  public mutating func decide(imbalance: Double, isQualityBreached: Bool = false) -> Decision {
    switch state {
    case .calm where isQualityBreached, .breached where isQualityBreached: return .plan
    case .cooling(0) where isQualityBreached: return .plan
    case .continuing: return .plan
    case .cooling(let ticksLeft) where ticksLeft > 0:
      state = .cooling(ticksLeft: ticksLeft - 1)
      return .hold(.coolingDown(ticksLeft: ticksLeft - 1))
    case .calm(let ticks): return imbalance >= configuration.enterImbalance ? dwell(ticks: 1) : rest(ticks: ticks + 1)
    case .cooling: return imbalance >= configuration.enterImbalance ? dwell(ticks: 1) : rest(ticks: 1)
    case .breached(let ticks):
      return imbalance >= configuration.leaveImbalance ? dwell(ticks: ticks + 1) : rest(ticks: 1)
    }
  }

  /// Takes note of the plan that was made.
  ///
  /// - Parameter isCutShort: Whether more would have paid than one plan may stage; the next tick then goes on.
  ///   Otherwise a new plan has to wait for the cooldown.
  public mutating func planned(isCutShort: Bool = false) {
    fruitlessReviews = 0
    state = isCutShort ? .continuing : .cooling(ticksLeft: configuration.cooldownTicks)
  }

  /// Takes note that a plan was sought and nothing paid; each time in a row, the next review waits twice as long.
  public mutating func foundNothing() {
    fruitlessReviews = min(fruitlessReviews + 1, Self.longestWait)
    state = .cooling(ticksLeft: configuration.cooldownTicks)
  }

  private mutating func rest(ticks: Int) -> Decision {
    state = .calm(ticks: ticks)
    return ticks >> fruitlessReviews >= configuration.reviewTicks ? .plan : .hold(.balanced)
  }

  private mutating func dwell(ticks: Int) -> Decision {
    state = .breached(ticks: ticks)
    return ticks >= configuration.dwellTicks ? .plan : .hold(.dwelling(ticks: ticks))
  }
}
