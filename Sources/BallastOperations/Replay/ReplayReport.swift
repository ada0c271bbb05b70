import BallastRuntime

/// A replay as one HTML file with plots.
public struct ReplayReport {
  private let outcome: Replay.Outcome
  private let model: ReplayModel

  /// A report on `outcome`.
  public init(_ outcome: Replay.Outcome, model: ReplayModel) {
    self.outcome = outcome
    self.model = model
  }

  /// The document.
  public var html: String {
    HTMLReport(
      title: "Replay: \(outcome.result.policy)",
      subtitle:
        "\(model.shape.layers) layers of \(model.shape.expertsPerLayer) experts on \(model.topology.devices.count) simulated devices",
      sections: [figures, windows, devices]
    ).text
  }

  private var figures: ReportSection {
    let result = outcome.result
    let table = ReportTable(
      columns: ["figure", "value"],
      rows: [
        ["device imbalance, mean", fixed(result.mean, 4)], ["device imbalance, p95", fixed(result.p95, 4)],
        ["device imbalance, worst window", fixed(result.worst, 4)],
        ["expert imbalance", fixed(result.expertImbalance, 3)],
        ["replica imbalance", fixed(result.replicaImbalance, 3)],
        ["copies moved a tick", fixed(result.copiesMovedShare * 100, 2) + " %"],
        ["simulated step", fixed(result.stepMicroseconds, 1) + " µs"],
        ["planner", fixed(result.planMilliseconds, 2) + " ms a window"],
      ])
    return ReportSection(
      "Figures",
      paragraphs: ["Each window is judged with the placement planned from the windows before it."],
      figures: [.table(table)])
  }

  private var windows: ReportSection {
    let judged = outcome.result.windows
    let x = judged.map { Double($0.window) }
    return ReportSection(
      "Window by window",
      figures: [
        .line(
          LinePlot(
            title: "Device imbalance", x: PlotAxis("window"), y: PlotAxis("maximum over mean tokens", includes: 1),
            series: [
              PlotSeries("mean over layers", x: x, y: judged.map(\.deviceImbalance)),
              PlotSeries("worst layer", x: x, y: judged.map(\.worstLayer.deviceImbalance)),
            ])),
        .line(
          LinePlot(
            title: "Copies moved", x: PlotAxis("window"), y: PlotAxis("copies", includes: 0),
            series: [PlotSeries("copies", x: x, y: judged.map { Double($0.copiesMoved) })])),
      ])
  }

  private var devices: ReportSection {
    let count = Double(model.topology.devices.count)
    return ReportSection(
      "Layers and devices",
      paragraphs: ["Tokens of each device over the layer's mean, in the last window; 1 is even."],
      figures: [
        .heat(
          HeatMap(
            title: "Device load", rowTitle: "layer", columnTitle: "device",
            rows: outcome.deviceShares.indices.map { "\($0)" },
            columns: model.topology.devices.indices.map { "\($0)" },
            values: outcome.deviceShares.map { $0.map { $0 * count } }))
      ])
  }
}
