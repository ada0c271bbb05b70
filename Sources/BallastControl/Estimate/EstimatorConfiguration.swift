/// How the recent past becomes an estimate of the load to come.
public struct EstimatorConfiguration: Hashable, Sendable {
  /// Tokens through the busiest layer that a window reaches back; at least 1.
  public var windowTokens: Int
  /// Ticks after which an older window counts half; 0 takes the newest window alone.
  public var halfLifeTicks: Double
  /// Recent windows a placement is judged by, each by itself, so that it suits their differences too; at least 1.
  public var historyWindows: Int
  /// How quickly a window counts less the more it differs from the newest: the windows shorten when loads shift; 0 for
  /// never.
  public var driftSensitivity: Double
  /// What a prefill token counts; decode and prefill may be weighted apart.
  public var prefillWeight: Double
  /// What a decode token counts.
  public var decodeWeight: Double
  /// One batch in this many is sampled for importance and errors, per lane and layer; 0 samples none.
  public var samplingInterval: Int

  /// The defaults serve a model of any size.
  public init(
    windowTokens: Int = 4096, halfLifeTicks: Double = 4, historyWindows: Int = 8,
    driftSensitivity: Double = 2, prefillWeight: Double = 1,
    decodeWeight: Double = 1,
    samplingInterval: Int = 32
  ) {
    self.windowTokens = windowTokens
    self.halfLifeTicks = halfLifeTicks
    self.historyWindows = historyWindows
    self.driftSensitivity = driftSensitivity
    self.prefillWeight = prefillWeight
    self.decodeWeight = decodeWeight
    self.samplingInterval = samplingInterval
  }
}
