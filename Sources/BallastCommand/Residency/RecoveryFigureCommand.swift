import ArgumentParser
import BallastOperations
import BallastRuntime
import BallastServing

/// `ballast figure recovery`.
struct RecoveryFigureCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recovery",
    abstract: "Show how residents follow a change of domain, tick by tick.",
    discussion: """
      Serves --ticks ticks of one domain and as many of another, 16 sequences of 256 bytes a tick, with --resident of the
      experts' bytes in memory, staging included, at full precision only. Tokens of evicted experts are served by
      --evicted; one sequence in 16 is sampled, and served by what it chose.

      Exit status: 0 done, 1 an input could not be used, 2 the command line could not be understood.
      """)

  @OptionGroup var source: ModelOptions

  @Option(help: "The first domain.")
  var from = "german"

  @Option(help: "The second domain.")
  var to = "swift"

  @Option(help: ArgumentHelp("Share of the experts' bytes at full precision.", valueName: "fraction"))
  var resident = 0.5

  @Option(help: "Who serves tokens of evicted experts.")
  var evicted = EvictedServing.substitute

  @Option(help: "Ticks of each domain.")
  var ticks = 24

  @Option(help: ArgumentHelp("Write the plot.", valueName: "file"))
  var svg: String?

  @Option(help: ArgumentHelp("Write the figures as JSON.", valueName: "file"))
  var json: String?

  func validate() throws {
    guard resident > 0, resident <= 1 else {
      throw ValidationError("--resident is \(resident); it must be above 0 and at most 1")
    }
    guard (4...10_000).contains(ticks) else { throw ValidationError("--ticks is \(ticks); allowed is 4 to 10000") }
  }

  func run() async throws {
    for path in [svg, json].compactMap({ $0 }) { try checkWritable(path) }
    let texts = try source.scoredTexts()
    let domains = try [from, to].map { name throws(InputError) in
      guard let text = texts.first(where: { $0.name == name }) else {
        throw InputError(
          "there is no domain '\(name)'; there are \(texts.map(\.name).joined(separator: ", "))")
      }
      return text
    }
    let checkpoint = try source.checkpoint()
    let study = RecoveryStudy(
      model: try EvaluatedModel(checkpoint, quantizer: .plain), share: resident, residency: evicted.policy, ticks: ticks
    )
    let result = try await study.run(domains[0], domains[1])
    print(result.table.text)
    print("recovered \(result.recoveryTicks) ticks after the change")
    if let svg { try writeText(result.plot.file, to: svg) }
    if let json { try writeJSON(result, to: json) }
  }
}
