import BallastControl
import BallastOperations

/// A run as one HTML file with plots.
struct RunReport {
  private let outcome: Comparison.Outcome
  private let settings: RunSettings

  init(_ outcome: Comparison.Outcome, _ settings: RunSettings) {
    self.outcome = outcome
    self.settings = settings
  }

  var html: String {
    HTMLReport(
      title: "Ballast: static against adaptive",
      subtitle:
        "\(settings.devices) devices, \(settings.lanes) lanes, \(settings.pairs) alternations, seed \(settings.seed)",
      sections: [figures, turns, overTime] + queue + drift
    ).text
  }

  private var figures: ReportSection {
    let table = RunTable(outcome.result, settings)
    return ReportSection("Figures", paragraphs: table.notes, figures: [.table(table.reportTable)])
  }

  private var turns: ReportSection {
    let alternations = outcome.result.alternations
    return ReportSection(
      "Every turn",
      figures: [
        .line(
          LinePlot(
            title: "Throughput", x: PlotAxis("alternation"), y: PlotAxis("tokens per second", includes: 0),
            series: [
              PlotSeries("static", alternations.map(\.static.tokensPerSecond)),
              PlotSeries("adaptive", alternations.map(\.adaptive.tokensPerSecond)),
            ])),
        .line(
          LinePlot(
            title: "Device imbalance", x: PlotAxis("alternation"), y: PlotAxis("maximum over mean", includes: 1),
            series: [
              PlotSeries("static", alternations.map(\.static.deviceImbalance)),
              PlotSeries("adaptive", alternations.map(\.adaptive.deviceImbalance)),
            ])),
      ])
  }

  /// What waited, and what was spared for it; nothing when nothing waits.
  private var queue: [ReportSection] {
    guard settings.traffic.surge != nil else { return [] }
    func line(_ name: String, _ ticks: [TickRecord], _ value: (TickRecord) -> Double) -> PlotSeries {
      PlotSeries(name, x: ticks.map(\.seconds), y: ticks.map(value))
    }
    let adaptive = outcome.ticks.filter(\.isAdaptive)
    return [
      ReportSection(
        "Waiting requests",
        figures: [
          .line(
            LinePlot(
              title: "Requests that wait", x: PlotAxis("time", unit: "s"), y: PlotAxis("requests", includes: 0),
              series: [
                line("static", outcome.ticks.filter { !$0.isAdaptive }) { Double($0.waiting) },
                line("adaptive", adaptive) { Double($0.waiting) },
              ])),
          .line(
            LinePlot(
              title: "Level of relief, adaptive", x: PlotAxis("time", unit: "s"), y: PlotAxis("level", includes: 0),
              series: [line("level", adaptive) { Double($0.reliefLevel) }])),
        ])
    ]
  }

  /// How far the routing lay from what was planned for; nothing when nobody asked.
  private var drift: [ReportSection] {
    let seen = outcome.ticks.filter { $0.drift != nil }
    guard !seen.isEmpty else { return [] }
    func line(_ name: String, isAdaptive: Bool, _ value: (RoutingDrift) -> Double) -> PlotSeries {
      let ticks = seen.filter { $0.isAdaptive == isAdaptive }
      return PlotSeries(name, x: ticks.map(\.seconds), y: ticks.map { $0.drift.map(value) ?? .nan })
    }
    return [
      ReportSection(
        "Drift of the routing",
        paragraphs: [
          "The static arm is measured from its first window, the adaptive one from what its plan was made for."
        ],
        figures: [
          .line(
            LinePlot(
              title: "Surprise over its limit", x: PlotAxis("time", unit: "s"), y: PlotAxis("score", includes: 0),
              series: [
                line("static", isAdaptive: false, \.score), line("adaptive", isAdaptive: true, \.score),
              ])),
          .line(
            LinePlot(
              title: "Overlap", x: PlotAxis("time", unit: "s"), y: PlotAxis("share in common", includes: 1),
              series: [
                line("static", isAdaptive: false, \.overlap), line("adaptive", isAdaptive: true, \.overlap),
              ])),
        ])
    ]
  }

  private var overTime: ReportSection {
    let adaptive = outcome.ticks.filter(\.isAdaptive)
    let time = adaptive.map(\.seconds)
    let names = Set(adaptive.flatMap(\.precisionShare.keys)).sorted()
    return ReportSection(
      "The adaptive arm over time",
      figures: [
        .line(
          LinePlot(
            title: "Imbalance by tick", x: PlotAxis("time", unit: "s"), y: PlotAxis("maximum over mean", includes: 1),
            series: [
              PlotSeries("experts", x: time, y: adaptive.map(\.expertImbalance)),
              PlotSeries("devices", x: time, y: adaptive.map(\.deviceImbalance)),
            ])),
        .line(
          LinePlot(
            title: "Replicas by precision", x: PlotAxis("time", unit: "s"), y: PlotAxis("share", includes: 0),
            series: names.map { name in
              PlotSeries(name, x: time, y: adaptive.map { $0.precisionShare[name] ?? 0 })
            })),
      ])
  }
}
