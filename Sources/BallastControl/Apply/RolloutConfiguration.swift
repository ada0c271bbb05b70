public import BallastRuntime

/// How a plan is applied: how gently, and how weights become low precision.
public struct RolloutConfiguration: Hashable, Sendable {
  /// Longest one replica may take to stage before the plan is abandoned, in seconds.
  public var stagingTimeoutSeconds: Double
  /// Most bytes staged in a second, so that serving keeps the memory bandwidth; 0 does not limit.
  public var stagingBytesPerSecond: Int
  /// Ticks a lane may keep replaced replicas from being retired before that is reported; plans then go on, within the
  /// bytes that are left.
  public var retirementPatienceTicks: Int

  /// How weights become low precision; the executor is made with it.
  public var quantizer: Quantizer

  /// The defaults leave staging unthrottled.
  public init(
    stagingTimeoutSeconds: Double = 30, stagingBytesPerSecond: Int = 0, retirementPatienceTicks: Int = 20,
    quantizer: Quantizer = .plain
  ) {
    self.stagingTimeoutSeconds = stagingTimeoutSeconds
    self.stagingBytesPerSecond = stagingBytesPerSecond
    self.retirementPatienceTicks = retirementPatienceTicks
    self.quantizer = quantizer
  }
}
