import BallastRuntime

/// What one tick of the control loop did or declined, with the outcome of each stage.
public struct ControlEvent: Sendable {
  /// Which tick, from 0.
  public let tick: Int
  /// When, on the clock of the snapshots.
  public let time: Duration
  /// Device imbalance forecast for the placement as it was; nil while nothing has been counted.
  public var imbalance: Double?
  /// What the controller chose.
  public var decision: Decision
  /// What served tokens showed of low precision; nil while nothing has been counted.
  public var quality: QualityGuard?
  /// What of the model is in device memory; nil while nothing has been counted.
  public var resident: ResidentShare?
  /// How far the routing lies from what was planned for; nil on ticks that fill no window.
  public var drift: RoutingDrift?
  /// Whether the routing counts as drifted.
  public var isDrifting = false
  /// The change in how much computing tokens are spared; nil when it stays as it was.
  public var relief: ComputeRelief.Step?
  /// How much they are spared from this tick on; 0 is nothing.
  public var reliefLevel = 0
  /// What was expected of the plan, when one was made.
  public var forecast: PlanForecast?
  /// The plan's changes, when one was made.
  public var changes: [LayerChange] = []
  /// Whether more would have paid than the plan may stage, so that the next tick goes on.
  public var isCutShort = false
  /// What became of the plan; nil when none was made or the mode only advises.
  public var rollout: RolloutOutcome?
  /// How long estimating, deciding and planning took; staging is not in it.
  public var thinkingTime: Duration = .zero
  /// Replicas of earlier plans retired this tick.
  public var retired: Int
  /// Whether replicas of earlier plans still wait for a lane to leave.
  public var isRetiring: Bool
  /// What a lane in a long batch keeps from being retired: on the tick it has lasted `retirementPatienceTicks`, and
  /// then not again until a tick has found nothing held up.
  public var delay: RetirementDelay?
}
