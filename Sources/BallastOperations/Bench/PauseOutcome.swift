/// What was seen while plans were applied, and while they were not.
public struct PauseOutcome: Sendable {
  /// Steps without plans.
  public let quiet: StepTimes
  /// Steps with plans.
  public let plans: StepTimes
  /// Plans published.
  public let plansApplied: Int
  /// Bytes they staged.
  public let bytesStaged: Int
  /// How long plans were applied.
  public let secondsWithPlans: Double
  /// Steps whose counting and routing was delayed while a plan was applied.
  public let stepsWaited: Int

  /// The figures for JSON.
  public var figures: PauseFigures {
    PauseFigures(
      p999With: plans.milliseconds(percentile: 99.9), p999Without: quiet.milliseconds(percentile: 99.9),
      worst: plans.worstMilliseconds, stepsWaited: stepsWaited)
  }

  /// Both kinds of steps side by side, and what plans did meanwhile.
  public var text: String {
    let table = ReportTable(columns: ["pause, ms a step", "without plans", "with plans", "ratio"], rows: rows)
    let rate = Double(bytesStaged) / max(secondsWithPlans, 1e-9)
    return """
      \(table.text)plans applied: \(plansApplied) in \(fixed(secondsWithPlans, 1)) s, \(fixed(rate / 1e6, 1)) MB/s staged; \
      steps that waited: \(stepsWaited)

      """
  }

  private var rows: [[String]] {
    func row(_ name: String, _ value: (StepTimes) -> Double) -> [String] {
      let (without, with) = (value(quiet), value(plans))
      return [name, fixed(without, 3), fixed(with, 3), without > 0 ? fixed(with / without, 3) : "–"]
    }
    return [
      row("p50") { $0.milliseconds(percentile: 50) }, row("p99") { $0.milliseconds(percentile: 99) },
      row("p99.9") { $0.milliseconds(percentile: 99.9) }, row("worst") { $0.worstMilliseconds },
      ["steps", "\(quiet.count)", "\(plans.count)", ""],
    ]
  }
}
