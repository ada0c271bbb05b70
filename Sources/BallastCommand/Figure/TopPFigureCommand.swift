import ArgumentParser
import BallastOperations
import BallastRuntime

/// `ballast figure topp`.
struct TopPFigureCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "topp",
    abstract: "Show quality by the mean experts of a token: top-p against top-k.",
    discussion: """
      The model is served as it is, trained with its own top-k. Top-k takes 1, 2, 3 … experts of every token; top-p as
      many as cover a mass, the same between half of the model's number and all of it, and as many as its controller
      needs to hold a mean. Gate weights are scaled to sum 1.

      Exit status: 0 done, 1 an input could not be used, 2 the command line could not be understood.
      """)

  @OptionGroup var options: GateFigureOptions

  private static let experts = [1.0, 2, 3, 4, 5, 6, 8]
  private static let masses = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]

  func run() async throws {
    let (model, texts) = try options.read()
    let full = model.shape.fullPrecision
    let most = Double(model.shape.expertsPerLayer)
    let counts = Self.experts.filter { $0 <= most }
    let usual = model.shape.expertsPerToken
    let fewest = max(1, usual / 2)
    let curves = [
      try await GateCurve("top-k", counts, texts, model, precision: full) { count in
        GateConfiguration(kind: .topP, mass: 1, expertsAtLeast: Int(count), expertsAtMost: Int(count))
      },
      try await GateCurve("top-p", Self.masses, texts, model, precision: full) { mass in
        GateConfiguration(kind: .topP, mass: mass)
      },
      try await GateCurve("top-p, \(fewest) to \(usual)", Self.masses, texts, model, precision: full) { mass in
        GateConfiguration(kind: .topP, mass: mass, expertsAtLeast: fewest, expertsAtMost: usual)
      },
      try await GateCurve("top-p, mean held", counts.filter { $0 > 1 }, texts, model, precision: full) { count in
        GateConfiguration(kind: .topP, mass: 0.5, meanExperts: count)
      },
    ]
    print(table(curves).text, terminator: "")
    if let svg = options.svg { try writeText(plot(curves).file, to: svg) }
    if let json = options.json { try writeJSON(curves, to: json) }
  }

  private func table(_ curves: [GateCurve]) -> ReportTable {
    ReportTable(
      columns: ["gate", "setting", "mean experts", "bits per byte"],
      rows: curves.flatMap { curve in
        curve.points.map {
          [curve.name, fixed($0.setting, 1), fixed($0.meanExperts, 3), fixed($0.bitsPerByte, 5)]
        }
      })
  }

  private func plot(_ curves: [GateCurve]) -> LinePlot {
    LinePlot(
      title: "Quality by experts a token", x: PlotAxis("mean experts a token"), y: PlotAxis("bits per byte"),
      series: curves.map { curve in
        PlotSeries(curve.name, x: curve.points.map(\.meanExperts), y: curve.points.map(\.bitsPerByte))
      })
  }
}
