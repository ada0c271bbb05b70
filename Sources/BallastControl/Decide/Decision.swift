/// What the controller chose for this tick, and why.
public enum Decision: Hashable, Sendable {
  /// Leave the placement as it is.
  case hold(Reason)
  /// Make a plan.
  case plan
  /// Make a plan at once: devices that go still hold replicas.
  case rehome
  /// Apply the plan that was given from outside.
  case byHand

  /// Why the placement is left as it is.
  public enum Reason: Hashable, Sendable {
    /// Nothing has been counted yet.
    case noLoad
    /// The imbalance is below the threshold.
    case balanced
    /// The imbalance is above the threshold, but not for long enough: this many ticks so far.
    case dwelling(ticks: Int)
    /// A plan was made this recently: this many ticks are left.
    case coolingDown(ticksLeft: Int)
    /// A plan's old replicas are still read by a lane.
    case awaitingRetirement
    /// The mode is `observe`.
    case observing
    /// A plan was sought, and no change gains more over its life than it costs to make.
    case nothingPays
    /// Replicas of devices that go cannot all stand elsewhere.
    case cannotRehome(RehomingError)
  }
}

extension Decision: CustomStringConvertible {
  /// One line for people.
  public var description: String {
    switch self {
    case .plan: "plan"
    case .rehome: "plan at once: devices that go still hold replicas"
    case .byHand: "apply the plan given by hand"
    case .hold(.noLoad): "hold: nothing counted yet"
    case .hold(.balanced): "hold: balanced"
    case .hold(.dwelling(let ticks)): "hold: imbalanced for \(ticks) ticks, dwelling"
    case .hold(.coolingDown(let left)): "hold: cooling down, \(left) ticks left"
    case .hold(.awaitingRetirement): "hold: a lane still reads the last table"
    case .hold(.observing): "hold: observing only"
    case .hold(.cannotRehome(let error)): "hold: \(error)"
    case .hold(.nothingPays): "hold: no change gains more than it costs"
    }
  }
}
