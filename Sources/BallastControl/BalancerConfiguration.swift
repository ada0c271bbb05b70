public import BallastRuntime

/// Every knob of a balancer, nested by the part it configures.
///
/// A value; `Balancer.apply` makes another one take effect between ticks.
public struct BalancerConfiguration: Hashable, Sendable {
  /// How far the control loop goes.
  public var mode: ControlMode
  /// Time between ticks, in milliseconds.
  public var tickMilliseconds: Int
  /// Lanes that may exist at once; fixed when the balancer is made.
  public var laneLimit: Int
  /// How load becomes an estimate.
  public var estimator: EstimatorConfiguration
  /// When the placement is worth changing.
  public var controller: ControllerConfiguration
  /// How drift of the routing is told from chance, and what it changes.
  public var drift: DriftConfiguration
  /// What a plan may spend.
  public var planner: PlannerConfiguration
  /// How much it counts that tokens stay on their device from layer to layer.
  public var affinity: AffinityConfiguration
  /// How a plan is applied.
  public var rollout: RolloutConfiguration
  /// Which replicas a dispatch may use.
  public var dispatch: DispatchPolicy
  /// How gates choose experts.
  public var gate: GateConfiguration
  /// How much computing may be spared while requests wait.
  public var relief: ComputeReliefConfiguration

  /// The defaults are those of each part.
  public init(
    mode: ControlMode = .act, tickMilliseconds: Int = 250, laneLimit: Int = 64,
    estimator: EstimatorConfiguration = EstimatorConfiguration(),
    controller: ControllerConfiguration = ControllerConfiguration(),
    drift: DriftConfiguration = DriftConfiguration(),
    planner: PlannerConfiguration = PlannerConfiguration(),
    affinity: AffinityConfiguration = AffinityConfiguration(),
    rollout: RolloutConfiguration = RolloutConfiguration(), dispatch: DispatchPolicy = .resident,
    gate: GateConfiguration = GateConfiguration(),
    relief: ComputeReliefConfiguration = ComputeReliefConfiguration()
  ) {
    self.mode = mode
    self.tickMilliseconds = tickMilliseconds
    self.laneLimit = laneLimit
    self.estimator = estimator
    self.controller = controller
    self.drift = drift
    self.planner = planner
    self.affinity = affinity
    self.rollout = rollout
    self.dispatch = dispatch
    self.gate = gate
    self.relief = relief
  }
}
