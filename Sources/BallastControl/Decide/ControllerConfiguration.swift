/// When the placement is worth changing.
public struct ControllerConfiguration: Hashable, Sendable {
  /// Device imbalance at which the controller begins to want a change; above `leaveImbalance`.
  public var enterImbalance: Double
  /// Device imbalance below which it is content again; at least 1.
  public var leaveImbalance: Double
  /// Ticks the imbalance must persist before a plan is made; at least 1.
  public var dwellTicks: Int
  /// Ticks after a plan in which no other is made.
  public var cooldownTicks: Int
  /// Ticks of balance after which a plan is sought all the same, since what is balanced may still be made faster.
  public var reviewTicks: Int
  /// How long a plan is expected to serve, in ticks: what its gain is multiplied by.
  public var planLifeTicks: Int
  /// Gain over the plan's life must exceed this many times the cost of moving; at least 1.
  public var gainSafetyFactor: Double

  /// The defaults favour calm: noise moves nothing.
  public init(
    enterImbalance: Double = 1.06, leaveImbalance: Double = 1.03, dwellTicks: Int = 2, cooldownTicks: Int = 2,
    reviewTicks: Int = 4, planLifeTicks: Int = 50, gainSafetyFactor: Double = 1.3
  ) {
    self.enterImbalance = enterImbalance
    self.leaveImbalance = leaveImbalance
    self.dwellTicks = dwellTicks
    self.cooldownTicks = cooldownTicks
    self.reviewTicks = reviewTicks
    self.planLifeTicks = planLifeTicks
    self.gainSafetyFactor = gainSafetyFactor
  }
}
