public import ArgumentParser
import BallastControl
import BallastOperations
public import BallastRuntime
import BallastServing
import Foundation

/// `ballast eval`: what a model predicts when its experts are stored at low precision.
struct EvalCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Score a model's predictions with its experts stored at a chosen precision.",
    discussion: """
      Every .txt file of a folder is a domain. It is cut into sequences of 256 bytes, of which the first is not predicted;
      a shorter tail is dropped. Prints bits per byte and the share of bytes predicted right, domain by domain, and the
      bytes the experts take: weights and scales. Experts are computed as they are served, packed, by the same kernels.

      --precision NAME      every expert at that precision (default: as the checkpoint stores them)
      --memory-share F      the controller's mix: each expert at the precision its importance and its measured error earn
                            it, all of them inside F times their bytes at bfloat16
      --quantizer weighted  fits scales and codes to the tokens each expert meets, weighed by gate weight

      --gate topp           as many experts for each token as cover --mass of the router's probability
      --gate confidence     every expert stored at its precision and as the checkpoint stores it; the --escalate share of
                            tokens whose router is least sure meets the latter

      Importance, errors and the weighted quantizer are taken from calibration texts, never from what is scored: their
      sequences that share 64 bytes or more with what is scored are left out, and if fewer than 16 remain, each half of
      every scored text is calibrated on the other half.

      Exit status: 0 done, 1 an input could not be used, 2 the command line could not be understood.
      """)

  @OptionGroup var source: ModelOptions

  @Option(help: "How every expert is stored.")
  var precision: Precision?

  @Option(help: ArgumentHelp("Share of the experts' bytes at bfloat16 that a mix may take.", valueName: "share"))
  var memoryShare: Double?

  @Option(help: "How weights become low precision.")
  var quantizer = Quantizer.plain

  @Option(
    help: ArgumentHelp(
      "A folder of .txt files to calibrate on (default: the bundled model's texts).", valueName: "dir"))
  var calibration: String?

  @Option(
    help:
      "Which tokens of the calibration are kept: as they come, as many of each expert, or those of sequences that use experts evenly."
  )
  var balance = CalibrationChoice.balanced

  @OptionGroup(title: "Gate")
  var gate: GateOptions

  @Option(help: ArgumentHelp("Write the figures as JSON.", valueName: "file"))
  var json: String?

  func validate() throws {
    guard precision == nil || memoryShare == nil else {
      throw ValidationError("--precision and --memory-share exclude each other; give one")
    }
    if let memoryShare, !(memoryShare > 0 && memoryShare <= 16) {
      throw ValidationError("--memory-share is \(memoryShare); it must be above 0 and at most 16")
    }
  }

  func run() async throws {
    if let json { try checkWritable(json) }
    let texts = try source.scoredTexts()
    let checkpoint = try source.checkpoint()
    let evaluation = Evaluation(
      model: try EvaluatedModel(checkpoint, quantizer: quantizer), storage: storage(checkpoint), choice: balance,
      gate: gate.applied(to: GateConfiguration()))
    let outcome = try await evaluation.run(texts) { () throws(InputError) in
      try ModelOptions.calibrationTexts(calibration)
    }
    print(outcome.text)
    if let json { try writeJSON(outcome.result, to: json) }
  }

  private func storage(_ checkpoint: MixtralCheckpoint) -> Evaluation.Storage {
    if let memoryShare { return .share(memoryShare) }
    return .uniform(precision ?? checkpoint.fullPrecision)
  }
}

extension Quantizer: ExpressibleByArgument {}
