import BallastControl

extension ConfigurationSchema {
  /// How drift of the routing is told from chance, and what it changes.
  static let drift: [ConfigurationKey] = [
    .choice(
      "drift.mode", \.drift.mode,
      "What becomes of routing that drifts from what was planned for: off, report, or adapt by shorter windows and dwell."
    ),
    .number(
      "drift.falseAlarmRate", \.drift.falseAlarmRate, 1e-6...0.5,
      "Share of windows of one load that may be taken for drift."),
    .integer(
      "drift.calmWindows", \.drift.calmWindows, 1...1_000_000,
      "Windows in a row that must be well within chance before drift is over."),
    .number(
      "drift.windowShare", \.drift.windowShare, 0.001...1,
      "While drift lasts, under adapt: what is left of windowTokens and halfLifeTicks."),
    .integer(
      "drift.dwellTicks", \.drift.dwellTicks, 1...1_000_000,
      "While drift lasts, under adapt: ticks the imbalance must persist before a plan is made."),
  ]

  /// How much computing may be spared while requests wait.
  static let relief: [ConfigurationKey] = [
    .integer(
      "relief.queueTarget", \.relief.queueTarget, 0...1_000_000_000,
      "Requests that may wait before the gate spends less on each token; 0 never spares."),
    .integer(
      "relief.levels", \.relief.levels, 1...1000, "Steps from the gate as configured to the least it may spend."),
    .integer(
      "relief.settleTicks", \.relief.settleTicks, 1...1_000_000,
      "Ticks after a step in which no other spares more."),
    .number(
      "relief.leastMass", \.relief.leastMass, 0.01...1, "Mass of topp at the last level."),
    .number(
      "relief.leastEscalatedShare", \.relief.leastEscalatedShare, 0...1,
      "Share of tokens that confidence escalates at the last level."),
  ]
}
