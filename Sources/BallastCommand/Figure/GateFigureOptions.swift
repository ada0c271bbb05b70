import ArgumentParser
import BallastRuntime
import BallastServing

/// What the figures of gates are made on.
struct GateFigureOptions: ParsableArguments {
  @OptionGroup var source: ModelOptions

  @Option(help: "Sequences of 256 bytes of each domain that are scored.")
  var sequences = 32

  @Option(help: ArgumentHelp("Write the plot.", valueName: "file"))
  var svg: String?

  @Option(help: ArgumentHelp("Write the figures as JSON.", valueName: "file"))
  var json: String?

  mutating func validate() throws {
    guard (1...1_000_000).contains(sequences) else {
      throw ValidationError("--sequences is \(sequences); allowed is 1 to 1000000")
    }
  }

  /// The model and the beginnings of the texts.
  func read() throws(InputError) -> (model: EvaluatedModel, texts: [DomainText]) {
    for path in [svg, json].compactMap({ $0 }) { try checkWritable(path) }
    let texts = try source.scoredTexts().map {
      DomainText(name: $0.name, bytes: Array($0.bytes.prefix(sequences * EvaluationFold.sequenceBytes)))
    }
    return (try EvaluatedModel(try source.checkpoint(), quantizer: .plain), texts)
  }
}
