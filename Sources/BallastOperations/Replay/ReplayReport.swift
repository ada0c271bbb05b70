public import Ballast
import BallastRuntime

/// A replay as one HTML file with plots.
public struct ReplayReport {
  private let outcome: Replay.Outcome
  private let model: ReplayModel
  private let others: [Replay.Outcome]

  /// A report on `outcome`, beside what other policies made of the same windows.
  public init(_ outcome: Replay.Outcome, model: ReplayModel, others: [Replay.Outcome] = []) {
    self.outcome = outcome
    self.others = others
    self.model = model
  }

  /// The document.
  public var html: String {
    HTMLReport(
      title: "Replay: \(outcome.result.policy)",
      subtitle:
        "\(model.shape.layers) layers of \(model.shape.expertsPerLayer) experts on \(model.topology.devices.count) simulated devices",
      sections: [figures] + policies + [windows] + drift + [devices, precisions]
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

  /// How far each window's routing lay from what was planned for; nothing when nobody looked.
  private var drift: [ReportSection] {
    let judged = outcome.result.windows
    guard judged.contains(where: { $0.drift != nil }) else { return [] }
    let x = judged.map { Double($0.window) }
    func line(_ name: String, _ value: (ReplayWindow.Drift) -> Double) -> PlotSeries {
      PlotSeries(name, x: x, y: judged.map { $0.drift.map(value) ?? .nan })
    }
    return [
      ReportSection(
        "Drift",
        paragraphs: ["Each window beside the one its placement was planned for; a score above 1 is no chance."],
        figures: [
          .line(
            LinePlot(
              title: "Drift of the routing", x: PlotAxis("window"), y: PlotAxis("score; share", includes: 0),
              series: [
                line("score", \.score), line("overlap", \.overlap), line("divergence, bits", \.divergence),
                PlotSeries("limit", x: x, y: x.map { _ in 1 }),
              ]))
        ])
    ]
  }

  /// The policies beside each other; nothing when there is but one.
  private var policies: [ReportSection] {
    guard !others.isEmpty else { return [] }
    let all = ([outcome] + others).map(\.result)
    let table = ReportTable(
      columns: ["policy", "device imbalance", "p95", "copies moved a tick", "moves of a token"],
      rows: all.map { result in
        [
          result.policy, fixed(result.mean, 4), fixed(result.p95, 4), fixed(result.copiesMovedShare * 100, 2) + " %",
          result.tokenMoves.map { fixed($0, 3) } ?? "–",
        ]
      })
    let plot = LinePlot(
      title: "Device imbalance by policy", x: PlotAxis("window"), y: PlotAxis("maximum over mean tokens", includes: 1),
      series: all.map { result in
        PlotSeries(result.policy, x: result.windows.map { Double($0.window) }, y: result.windows.map(\.deviceImbalance))
      })
    return [ReportSection("Policies", figures: [.table(table), .line(plot)])]
  }

  /// How the replicas of each window's placement were stored.
  private var precisions: ReportSection {
    let mixes = outcome.placements.map { placement in
      placement.layers.flatMap(\.replicas).reduce(into: [Precision: Double]()) { $0[$1.precision, default: 0] += 1 }
    }
    let used = Precision.allCases.filter { precision in mixes.contains { $0[precision] != nil } }
    let windows = mixes.indices.map { Double($0) }
    return ReportSection(
      "Precision",
      figures: [
        .line(
          LinePlot(
            title: "Replicas by precision", x: PlotAxis("window"), y: PlotAxis("share of replicas", includes: 0),
            series: used.map { precision in
              PlotSeries(
                precision.description, x: windows,
                y: mixes.map { ($0[precision] ?? 0) / max($0.values.reduce(0, +), 1) })
            }))
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
