import ArgumentParser
import BallastOperations
import BallastRuntime
import BallastServing

/// `ballast figure residency`.
struct ResidencyFigureCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "residency",
    abstract: "Show what a model predicts when a part of its experts is resident, by who stays.",
    discussion: """
      For each domain, experts are ordered by --demonstrations sequences of its text, and the first --sequences sequences,
      which share no 64 bytes with those, are scored with the upper part of the experts resident. A token that chose
      another gets the best resident expert of its ranking. At half of the experts, the residents of the other domains are
      tried as well, and tokens of evicted experts served from storage.

      random, frequency, gate score, EASY-EP     as many experts of each layer
      EASY-EP, over all layers                   by the score's share of its layer, as the planner evicts

      Exit status: 0 done, 1 an input could not be used, 2 the command line could not be understood.
      """)

  @OptionGroup var source: ModelOptions

  @Option(help: "Sequences of 256 bytes of each domain that are scored.")
  var sequences = 16

  @Option(help: "Sequences of each domain that experts are ordered by.")
  var demonstrations = 25

  @Option(help: "Decides the random ordering.")
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("Write the plot.", valueName: "file"))
  var svg: String?

  @Option(help: ArgumentHelp("Write the figures as JSON.", valueName: "file"))
  var json: String?

  func validate() throws {
    for (name, value) in [("--sequences", sequences), ("--demonstrations", demonstrations)] {
      guard (1...1_000_000).contains(value) else {
        throw ValidationError("\(name) is \(value); allowed is 1 to 1000000")
      }
    }
  }

  func run() async throws {
    for path in [svg, json].compactMap({ $0 }) { try checkWritable(path) }
    let texts = try source.scoredTexts()
    let checkpoint = try source.checkpoint()
    let study = ResidencyStudy(
      model: try EvaluatedModel(checkpoint, quantizer: .plain), sequences: sequences, demonstrations: demonstrations,
      seed: seed)
    let result = try await study.run(texts)
    print(result.fractionTable.text)
    print(result.table.text, terminator: "")
    if let svg { try writeText(result.plot.file, to: svg) }
    if let json { try writeJSON(result, to: json) }
  }
}
