import ArgumentParser
import BallastOperations
import BallastRuntime
import BallastServing

/// `ballast paper`: Replicate-and-Quantize beside what it is made of and what Ballast makes of it.
struct PaperCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "paper",
    abstract: "Reproduce Replicate-and-Quantize on a real model, inside the original bytes.",
    discussion: """
      Decodes the second halves of the texts under five placements, at every batch size, in turns. Loads, importance
      and errors come from the first halves. No placement takes more bytes than the first.

      original                 one copy of each expert at full precision
      demote only              the least important experts at low precision
      replicate, quantize all  copies of the heaviest quarter, and every expert at low precision
      replicate and quantize   as published (arXiv 2602.19938): copies of the heaviest quarter at low precision beside
                               their exact originals, paid for by the least important experts at low precision
      joint (Ballast)          the planner: copies and precisions chosen together by measured time, inside the same
                               bytes, allowed half of the quality loss that replicate and quantize is forecast to have

      All are dispatched by the same measured cost law. LIS is experts · busiest expert / total.

      Exit status: 0 done, 1 an input could not be used, 2 the command line could not be understood.
      """)

  @OptionGroup var source: ModelOptions

  @Option(help: "Devices.")
  var devices = 2

  @Option(help: "Batch sizes, in tokens, separated by commas.")
  var batches = "1,4,16,64,256,512"

  @Option(help: "Tokens decoded under each placement at each batch size, at least.")
  var tokens = 8192

  @Option(help: "What copies and the least important experts are stored at.")
  var lowPrecision = Precision.int4

  @Option(help: ArgumentHelp("Write the plots into this folder: imbalance, layer time, quality.", valueName: "dir"))
  var figures: String?

  @Option(help: ArgumentHelp("Write the figures as JSON.", valueName: "file"))
  var json: String?

  func validate() throws {
    _ = try sizes()
    guard (1...64).contains(devices) else { throw ValidationError("--devices is \(devices); allowed is 1 to 64") }
    guard (1...1 << 24).contains(tokens) else {
      throw ValidationError("--tokens is \(tokens); allowed is 1 to \(1 << 24)")
    }
  }

  func run() async throws {
    if let json { try checkWritable(json) }
    if let figures { try checkWritable(figures + "/layer-time.svg") }
    let texts = try source.scoredTexts()
    let checkpoint = try source.checkpoint()
    let comparison = PaperComparison(
      model: try EvaluatedModel(checkpoint, quantizer: .plain), devices: devices, batches: try sizes(), tokens: tokens,
      lowPrecision: lowPrecision)
    let result = try await comparison.run(texts)
    print(result.table.text, terminator: "")
    if let figures { try draw(result, figures) }
    if let json { try writeJSON(result, to: json) }
  }

  private func draw(_ result: PaperResult, _ folder: String) throws(InputError) {
    let imbalance = result.plot("Replica imbalance", PlotAxis("experts · busiest replica / total", includes: 0)) {
      row, _ in row.replicaImbalance
    }
    let time = result.plot("Time of a layer's experts, relative to the original", PlotAxis("ratio", includes: 1)) {
      $0.layerMicroseconds / max($1.layerMicroseconds, .leastNormalMagnitude)
    }
    let quality = result.plot("Bits per byte, more than the original", PlotAxis("more", unit: "%", includes: 0)) {
      ($0.bitsPerByte / max($1.bitsPerByte, .leastNormalMagnitude) - 1) * 100
    }
    try writeText(imbalance.file, to: folder + "/replica-imbalance.svg")
    try writeText(time.file, to: folder + "/layer-time.svg")
    try writeText(quality.file, to: folder + "/quality.svg")
  }

  private func sizes() throws -> [Int] {
    try batches.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let size = Int(part), (1...4096).contains(size) else {
        throw ValidationError("--batches names \(part); a batch has 1 to 4096 tokens")
      }
      return size
    }
  }
}
