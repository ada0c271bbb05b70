/// How drift of the routing is told from chance, and what it changes.
public struct DriftConfiguration: Hashable, Sendable {
  /// What becomes of it.
  public var mode: DriftMode
  /// Share of windows of one load that may be taken for drift, above 0.
  public var falseAlarmRate: Double
  /// Windows in a row that must be well within chance before drift is over; at least 1.
  public var calmWindows: Int
  /// While drift lasts: what is left of a window and of the half-life of older ones, above 0.
  public var windowShare: Double
  /// While drift lasts: ticks the imbalance must persist before a plan is made, at least 1.
  public var dwellTicks: Int

  /// The defaults report and change nothing.
  public init(
    mode: DriftMode = .report, falseAlarmRate: Double = 0.001, calmWindows: Int = 2, windowShare: Double = 0.25,
    dwellTicks: Int = 1
  ) {
    self.mode = mode
    self.falseAlarmRate = falseAlarmRate
    self.calmWindows = calmWindows
    self.windowShare = windowShare
    self.dwellTicks = dwellTicks
  }
}

extension BalancerConfiguration {
  /// The knobs while drift lasts.
  var whileDrifting: BalancerConfiguration {
    guard drift.mode == .adapt else { return self }
    var next = self
    let share = min(1, max(0, drift.windowShare))
    next.estimator.windowTokens = max(1, Int(Double(estimator.windowTokens) * share))
    next.estimator.halfLifeTicks = estimator.halfLifeTicks * share
    next.controller.dwellTicks = min(controller.dwellTicks, max(drift.dwellTicks, 1))
    return next
  }
}
