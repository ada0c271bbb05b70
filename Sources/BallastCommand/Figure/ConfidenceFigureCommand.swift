import ArgumentParser
import BallastOperations
import BallastRuntime

/// `ballast figure confidence`.
struct ConfidenceFigureCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "confidence",
    abstract: "Show quality by the share of tokens escalated: the least sure ones, against random ones.",
    discussion: """
      Every expert is stored twice, at --cheap and as the checkpoint stores it. In each layer a share of the tokens meets
      the exact replicas: those whose router is least sure, by entropy and by variance, or as many drawn at random.
      The budget is held online, as in serving.

      Exit status: 0 done, 1 an input could not be used, 2 the command line could not be understood.
      """)

  @OptionGroup var options: GateFigureOptions

  @Option(help: "How the cheap replicas are stored.")
  var cheap = Precision.int4

  private static let shares = [0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.85, 1]

  func run() async throws {
    let (model, texts) = try options.read()
    var curves: [GateCurve] = []
    for dispersion in Dispersion.allCases {
      curves.append(
        try await GateCurve("\(dispersion)", Self.shares, texts, model, precision: cheap) { share in
          GateConfiguration(kind: .confidence, dispersion: dispersion, escalatedShare: share)
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
      columns: ["escalated, % asked"] + curves.flatMap { ["\($0.name): escalated, %", "more bits, %"] },
      rows: Self.shares.indices.map { index in
        [fixed(Self.shares[index] * 100, 0)]
          + curves.flatMap { [fixed($0.points[index].escalatedShare * 100, 2), fixed(loss($0)[index], 4)] }
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
