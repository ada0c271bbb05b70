extension DriftFigure {
  /// How often resampled windows were taken for drift.
  public var stationaryTable: ReportTable {
    ReportTable(
      title: "False alarms on resampled windows of one segment; stated: at most \(fixed(chance * 100, 2)) %",
      columns: ["segment", "drawn whole", "windows", "beyond the limit", "alarms", "rate", "surprise"],
      rows: stationary.map { row in
        [
          row.segment, row.stretch == 1 ? "single tokens" : "\(row.stretch) tokens", "\(row.windows)",
          "\(row.exceeded)",
          "\(row.alarms)",
          fixed(Double(row.alarms) / Double(max(row.windows, 1)) * 100, 2) + " %", fixed(row.surprise, 2),
        ]
      })
  }

  /// How soon switches were found.
  public var switchTable: ReportTable {
    ReportTable(
      title: "Switches from one segment to another, as recorded",
      columns: ["from", "to", "false before", "found in window", "overlap", "divergence, bits", "score"],
      rows: switches.map { row in
        [
          row.from, row.to, "\(row.alarmsBefore) of \(row.windowsBefore)", row.delay.map { "\($0)" } ?? "–",
          fixed(row.overlap, 3), fixed(row.divergence, 3), fixed(row.score, 2),
        ]
      })
  }

  /// What the tables come to.
  public var summary: String {
    let judged = switches.reduce(0) { $0 + $1.windowsBefore }
    let early = switches.reduce(0) { $0 + $1.alarmsBefore }
    let found = switches.compactMap(\.delay)
    let alarms = stationary.reduce(0) { $0 + $1.alarms }
    let windows = stationary.reduce(0) { $0 + $1.windows }
    return [
      windows > 0 ? "resampled: \(alarms) false alarms in \(windows) windows" : "",
      switches.isEmpty
        ? ""
        : "switches: \(found.count) of \(switches.count) found, \(found.filter { $0 == 1 }.count) in the first window, the last in window \(found.max() ?? 0); before them \(early) false alarms in \(judged) windows",
    ].filter { !$0.isEmpty }.joined(separator: "\n")
  }

  /// All segments in a row: score and overlap by window.
  public var plot: LinePlot {
    let x = run.indices.map(Double.init)
    return LinePlot(
      title: "Drift by window: " + names.joined(separator: ", "), x: PlotAxis("window"),
      y: PlotAxis("surprise over its limit; overlap", includes: 0),
      series: [
        PlotSeries("surprise over its limit", x: x, y: run.map { $0.score ?? .nan }),
        PlotSeries("limit", x: x, y: run.map { _ in 1 }),
        PlotSeries("overlap with the reference", x: x, y: run.map { $0.overlap ?? .nan }),
      ])
  }

  /// The segments in their order.
  private var names: [String] {
    run.reduce(into: []) { names, window in if names.last != window.segment { names.append(window.segment) } }
  }
}
