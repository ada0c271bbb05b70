import ArgumentParser
import BallastServing

/// Which model is served or scored, and on which texts.
struct ModelOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A Mixtral-format checkpoint (default: the bundled model).", valueName: "dir"))
  var model: String?

  @Option(
    help: ArgumentHelp(
      "A folder of .txt files, each a domain (default: texts inside the model's folder).", valueName: "dir"))
  var text: String?

  /// The checkpoint.
  func checkpoint() throws(InputError) -> MixtralCheckpoint {
    let directory = try directory()
    return try input { () throws(CheckpointError) in try MixtralCheckpoint(directory: directory) }
  }

  /// The texts to serve.
  func texts() throws(InputError) -> [DomainText] {
    if let text { return try Self.texts(text) }
    return try Self.texts(directory() + "/texts")
  }

  /// The texts to score, each of one sequence at least.
  func scoredTexts() throws(InputError) -> [DomainText] {
    try Self.scored(try texts())
  }

  /// The texts of a folder, nil for the bundled ones, to calibrate on; each of one sequence at least.
  static func calibrationTexts(_ folder: String?) throws(InputError) -> [DomainText] {
    if let folder { return try scored(texts(folder)) }
    return try scored(texts(BundledModel.directory() + "/texts"))
  }

  private static func texts(_ directory: String) throws(InputError) -> [DomainText] {
    try input { () throws(WorkloadError) in try DomainText.read(directory: directory) }
  }

  private static func scored(_ texts: [DomainText]) throws(InputError) -> [DomainText] {
    for text in texts where text.bytes.count < EvaluationFold.sequenceBytes {
      throw InputError(
        EvaluationError.textTooShort(
          domain: text.name, bytes: text.bytes.count, sequenceBytes: EvaluationFold.sequenceBytes
        ).description)
    }
    return texts
  }

  private func directory() throws(InputError) -> String {
    if let model { return model }
    return try BundledModel.directory()
  }
}
