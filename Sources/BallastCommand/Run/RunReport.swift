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
      sections: [figures, turns, overTime]
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
