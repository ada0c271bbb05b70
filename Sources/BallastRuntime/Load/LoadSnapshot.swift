/// What had been counted at an instant.
public struct LoadSnapshot: Sendable {
  /// When, on the clock of whoever drives the control loop.
  public let time: Duration
  /// Tokens since the balancer started.
  public let totals: LoadTotals

  /// Joins totals with the instant they were read.
  public init(time: Duration, totals: LoadTotals) {
    self.time = time
    self.totals = totals
  }
}
