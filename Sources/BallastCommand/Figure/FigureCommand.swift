import ArgumentParser
import BallastOperations

/// `ballast figure`: the figures of the documentation.
struct FigureCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "figure",
    abstract: "Make the figures of docs/performance.md, docs/gates.md, docs/residency.md and docs/drift.md.",
    discussion: """
      Activation and borrowing are shown on a simulated cluster. Its devices follow the law of an H200-class accelerator: an expert costs its bytes at 4.8 TB/s and
      2 µs to touch, a token two operations a weight at 60 % of 989 TFLOP/s (bfloat16), links carry 450 GB/s.

      Exit status: 0 done, 1 an input could not be used, 2 the command line could not be understood.
      """,
    subcommands: [
      ActivationFigureCommand.self, BorrowingFigureCommand.self, MassFigureCommand.self,
      ConfidenceFigureCommand.self, TopPFigureCommand.self, ResidencyFigureCommand.self, RecoveryFigureCommand.self,
      DriftFigureCommand.self, RoundsFigureCommand.self,
    ])
}

/// `ballast figure activation`.
struct ActivationFigureCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "activation",
    abstract: "Show step time by batch size: dispatch by the whole law, by tokens alone, by activations alone.",
    discussion: """
      256 experts of 7168 × 2048 (bfloat16) on 16 devices, the 64 busiest three times, the others once; tokens choose 8
      by Zipf's law with exponent 0.8; mean of 16 batches.

      whole law          what Ballast does: activation and tokens
      tokens only        token balancing: dispatched as if touching a replica were free
      activations only   activated-expert balancing (METRO): dispatched as if tokens were free

      Exit status: 0 done, 1 an input could not be used, 2 the command line could not be understood.
      """)

  @Option(help: "Decides every random choice.")
  var seed: UInt64 = 1

  @Option(help: "The largest batch, in tokens; sizes double from 1.")
  var largestBatch = 4096

  @Option(help: ArgumentHelp("Write the plot.", valueName: "file"))
  var svg: String?

  @Option(help: ArgumentHelp("Write the figures as JSON.", valueName: "file"))
  var json: String?

  func validate() throws {
    guard (1...65_536).contains(largestBatch) else {
      throw ValidationError("--largest-batch is \(largestBatch); allowed is 1 to 65536")
    }
  }

  func run() async throws {
    for path in [svg, json].compactMap({ $0 }) { try checkWritable(path) }
    let figure = try await input { () async throws(BenchError) in
      try await ActivationFigure(largestBatch: largestBatch, seed: seed)
    }
    print(figure.table.text, terminator: "")
    if let svg { try writeText(figure.plot.file, to: svg) }
    if let json { try writeJSON(figure, to: json) }
  }
}

/// `ballast figure borrowing`.
struct BorrowingFigureCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "borrowing",
    abstract: "Show speed-up and peak memory by borrowing, beside what the paper reports.",
    discussion: """
      The ten scenarios of least-loaded expert parallelism (arXiv 2601.17111): 128 experts of 2880 × 2880 (bfloat16) on
      8 devices, 32768 tokens a device that choose 4, a share of them to a few hot experts on the first devices. Limits
      are the paper's: threshold 1.3, capacity 1, chunks of 1024 tokens.

      Only experts are simulated, neither the exchange of tokens nor its launch, so speed-ups are what balance allows
      and lie above the paper's, which measured whole layers. Memory is weights, borrowed weights, and what tokens
      keep between products.

      Exit status: 0 done, 1 an input could not be used, 2 the command line could not be understood.
      """)

  @Option(help: "Tokens on each device.")
  var tokensPerDevice = 32_768

  @Option(help: ArgumentHelp("Write the plot of speed-ups.", valueName: "file"))
  var svg: String?

  @Option(help: ArgumentHelp("Write the plot of memory.", valueName: "file"))
  var memorySvg: String?

  @Option(help: ArgumentHelp("Write the figures as JSON.", valueName: "file"))
  var json: String?

  func validate() throws {
    guard (1...1 << 20).contains(tokensPerDevice) else {
      throw ValidationError("--tokens-per-device is \(tokensPerDevice); allowed is 1 to \(1 << 20)")
    }
  }

  func run() async throws {
    for path in [svg, memorySvg, json].compactMap({ $0 }) { try checkWritable(path) }
    let figure = try await input { () async throws(BenchError) in
      try await BorrowingFigure(tokensPerDevice: tokensPerDevice)
    }
    print(figure.table.text, terminator: "")
    if let svg { try writeText(figure.speedPlot.file, to: svg) }
    if let memorySvg { try writeText(figure.memoryPlot.file, to: memorySvg) }
    if let json { try writeJSON(figure, to: json) }
  }
}
