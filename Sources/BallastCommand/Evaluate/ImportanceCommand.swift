import ArgumentParser
import BallastOperations
import BallastRuntime
import BallastServing

/// `ballast importance`: whether the one-pass score ranks experts as leaving them out does.
struct ImportanceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "importance",
    abstract: "Compare the importance of experts, gathered in one pass, with what leaving each out costs.",
    discussion: """
      Scores the first --sequences sequences of each domain once with every expert's output in turn taken to be 0 (the
      other gate weights stay as they are), and says how well the rankings of experts by tokens, by gate weights and by
      the importance Ballast gathers while serving agree with that: Spearman's rank correlation. Then demotes to int4, and
      evicts, the experts that matter least by each ranking, a growing share of them, and scores that on four times the
      sequences. Rankings come from sequences that are not scored.

      Exit status: 0 done, 1 an input could not be used, 2 the command line could not be understood.
      """)

  @OptionGroup var source: ModelOptions

  @Option(help: "Sequences of 256 bytes of each domain that are scored with each expert left out.")
  var sequences = 8

  @Option(help: "Steps from no expert to all of them in each curve.")
  var steps = 8

  @Option(help: "Decides the random ranking.")
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("Write the figures as JSON.", valueName: "file"))
  var json: String?

  @Option(help: ArgumentHelp("Draw bits per byte against the share demoted, as SVG.", valueName: "file"))
  var figure: String?

  @Option(help: ArgumentHelp("Draw bits per byte against the share evicted, as SVG.", valueName: "file"))
  var evictionFigure: String?

  func validate() throws {
    guard (1...1_000_000).contains(sequences) else {
      throw ValidationError("--sequences is \(sequences); allowed is 1 to 1000000")
    }
    guard (1...64).contains(steps) else { throw ValidationError("--steps is \(steps); allowed is 1 to 64") }
  }

  func run() async throws {
    for path in [json, figure, evictionFigure].compactMap({ $0 }) { try checkWritable(path) }
    let texts = try source.scoredTexts()
    let checkpoint = try source.checkpoint()
    let study = ImportanceStudy(
      model: try EvaluatedModel(checkpoint, quantizer: .plain), sequences: sequences, seed: seed, steps: steps)
    let result = try await study.run(texts)
    print(table(result).text)
    if let json { try writeJSON(result, to: json) }
    if let figure { try writeText(plot(result, result.demoted, "Experts at int4").file, to: figure) }
    if let evictionFigure { try writeText(plot(result, result.evicted, "Experts evicted").file, to: evictionFigure) }
  }

  private func table(_ result: ImportanceStudy.Result) -> ReportTable {
    func increase(_ curves: [String: [Double]], _ ranking: ExpertRanking, at fraction: Double) -> String {
      guard let place = result.fractions.firstIndex(of: fraction), let curve = curves[ranking.rawValue],
        curve.indices.contains(place)
      else { return "–" }
      return fixed((curve[place] / result.bitsPerByte - 1) * 100, 3)
    }
    return ReportTable(
      columns: [
        "ranking", "correlation", "within layers", "half at int4, % bits", "quarter evicted, % bits",
        "half evicted, % bits",
      ],
      rows: ExpertRanking.allCases.map { ranking in
        [
          ranking.name, fixed(result.rankCorrelation[ranking.rawValue] ?? 0, 3),
          fixed(result.rankCorrelationInLayer[ranking.rawValue] ?? 0, 3), increase(result.demoted, ranking, at: 0.5),
          increase(result.evicted, ranking, at: 0.25), increase(result.evicted, ranking, at: 0.5),
        ]
      })
  }

  private func plot(_ result: ImportanceStudy.Result, _ curves: [String: [Double]], _ title: String) -> LinePlot {
    LinePlot(
      title: title, x: PlotAxis("share of experts, least important first", unit: "%"),
      y: PlotAxis("more bits per byte", unit: "%"),
      series: ExpertRanking.allCases.map { ranking in
        let curve = curves[ranking.rawValue] ?? []
        return PlotSeries(
          ranking.name, x: result.fractions.prefix(curve.count).map { $0 * 100 },
          y: curve.map { ($0 / result.bitsPerByte - 1) * 100 })
      })
  }
}
