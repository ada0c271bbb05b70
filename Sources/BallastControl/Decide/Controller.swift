/// Decides when the placement is worth changing.
///
/// Hysteresis (enter above one threshold, leave below a lower one), dwell (the imbalance must persist) and cooldown
/// (a change must be seen to work before the next). Not a PID: there is no setpoint, and every correction costs.
public struct Controller: Sendable {
  /// The knobs; a change takes effect at the next tick.
  public var configuration: ControllerConfiguration

  /// Where the controller stands between ticks.
  private enum State: Hashable {
    case calm
    case breached(ticks: Int)
    case cooling(ticksLeft: Int)
  }

  private var state = State.calm

  /// A calm controller.
  public init(configuration: ControllerConfiguration) { self.configuration = configuration }

  /// Looks at the imbalance of this tick.
  ///
  /// - Parameter imbalance: The device imbalance forecast for the placement as it is, at least 1.
  public mutating func decide(imbalance: Double) -> Decision {
    switch state {
    case .cooling(let ticksLeft) where ticksLeft > 0:
      state = .cooling(ticksLeft: ticksLeft - 1)
      return .hold(.coolingDown(ticksLeft: ticksLeft - 1))
    case .calm, .cooling:
      guard imbalance >= configuration.enterImbalance else {
        state = .calm
        return .hold(.balanced)
      }
      return dwell(ticks: 1)
    case .breached(let ticks):
      guard imbalance >= configuration.leaveImbalance else {
        state = .calm
        return .hold(.balanced)
      }
      return dwell(ticks: ticks + 1)
    }
  }

  /// Takes note that a plan was made; a new one has to wait for the cooldown.
  public mutating func planned() { state = .cooling(ticksLeft: configuration.cooldownTicks) }

  private mutating func dwell(ticks: Int) -> Decision {
    state = .breached(ticks: ticks)
    return ticks >= configuration.dwellTicks ? .plan : .hold(.dwelling(ticks: ticks))
  }
}
