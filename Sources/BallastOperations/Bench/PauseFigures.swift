/// Step times of steady serving with and without plans, as `ballast bench --json` writes them.
public struct PauseFigures: Hashable, Codable, Sendable {
  /// Milliseconds that 999 in 1000 steps do not exceed while a plan is applied every period.
  public let p999With: Double
  /// The same without plans.
  public let p999Without: Double
  /// The longest step with plans, in milliseconds.
  public let worst: Double
  /// `p999With` over `p999Without`.
  public let ratio: Double
  /// Steps whose counting and routing was delayed while a plan was applied; see `SampleCounters.delayLimit`.
  public let stepsWaited: Int

  /// States what was measured; `p999Without` is above 0.
  public init(p999With: Double, p999Without: Double, worst: Double, stepsWaited: Int) {
    self.p999With = p999With
    self.p999Without = p999Without
    self.worst = worst
    ratio = p999With / p999Without
    self.stepsWaited = stepsWaited
  }
}
