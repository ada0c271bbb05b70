/// How much computing may be spared while requests wait, and from when on.
public struct ComputeReliefConfiguration: Hashable, Sendable {
  /// Requests that may wait before tokens are spared computing; 0 spares none, ever.
  public var queueTarget: Int
  /// Steps from the gate as configured to the least it may spend; at least 1.
  public var levels: Int
  /// Ticks after a step in which no other spares more; at least 1.
  public var settleTicks: Int
  /// Mass of a top-p gate at the last level, above 0; a gate configured below it stays as it is.
  public var leastMass: Double
  /// Share of tokens a confidence gate escalates at the last level, 0…1.
  public var leastEscalatedShare: Double

  /// The defaults spare nothing.
  public init(
    queueTarget: Int = 0, levels: Int = 4, settleTicks: Int = 2, leastMass: Double = 0.5,
    leastEscalatedShare: Double = 0
  ) {
    self.queueTarget = queueTarget
    self.levels = levels
    self.settleTicks = settleTicks
    self.leastMass = leastMass
    self.leastEscalatedShare = leastEscalatedShare
  }
}
