import ArgumentParser
import BallastOperations
import BallastRuntime

/// `ballast figure confidence`.
struct ConfidenceFigureCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "confidence",
    abstract: "Show quality by the share of tokens escalated: by how sure their router is, against random ones.",
    discussion: """
      Every expert is stored twice, at --cheap and as the checkpoint stores it. In each layer a share of the tokens meets
      the exact replicas: those whose router is least sure, by entropy and by variance, as many drawn at random, or those
      whose router is surest.
      The budget is held online, as in serving.

      Exit status: 0 done, 1 an input could not be used, 2 the command line could not be understood.
      """)

  @OptionGroup var options: GateFigureOptions

  @Option(help: "How the cheap replicas are stored.")
  var cheap = Precision.int4

  private static let shares = [0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.85, 1]

  private static let orders: [(String, Dispersion, GateConfiguration.EscalationOrder)] = [
    ("least sure, entropy", .entropy, .unsureFirst), ("least sure, variance", .variance, .unsureFirst),
    ("random", .random, .unsureFirst), ("surest, entropy", .entropy, .sureFirst),
    ("surest, variance", .variance, .sureFirst),
  ]

  func run() async throws {
    let (model, texts) = try options.read()
    var curves: [GateCurve] = []
    for (name, dispersion, order) in Self.orders {
      curves.append(
        try await GateCurve(name, Self.shares, texts, model, precision: cheap) { share in
          GateConfiguration(
            kind: .confidence, dispersion: dispersion, escalationOrder: order, escalatedShare: share)
        })
    }
    print(table(curves).text, terminator: "")
    if let svg = options.svg { try writeText(plot(curves).file, to: svg) }
    if let json = options.json { try writeJSON(curves, to: json) }
  }

  /// Percent of bits per byte above all exact.
  private func loss(_ curve: GateCurve) -> [Double] {
    let exact = curve.points.last?.bitsPerByte ?? 1
    return curve.points.map { ($0.bitsPerByte / exact - 1) * 100 }
  }

  private func table(_ curves: [GateCurve]) -> ReportTable {
    ReportTable(
      title: "more bits per byte than all exact, %",
      columns: ["escalated, %"] + curves.map(\.name) + ["held within, %"],
      rows: Self.shares.indices.map { index in
        let errors = curves.map { abs($0.points[index].escalatedShare - Self.shares[index]) * 100 }
        return [fixed(Self.shares[index] * 100, 0)] + curves.map { fixed(loss($0)[index], 4) }
          + [fixed(errors.max() ?? 0, 2)]
      })
  }

  private func plot(_ curves: [GateCurve]) -> LinePlot {
    LinePlot(
      title: "What \(cheap) costs where it is used", x: PlotAxis("tokens escalated to exact experts", unit: "%"),
      y: PlotAxis("more bits per byte", unit: "%", includes: 0),
      series: curves.map { curve in
        PlotSeries(curve.name, x: curve.points.map { $0.escalatedShare * 100 }, y: loss(curve))
      })
  }
}
