import ArgumentParser
import BallastOperations

/// `ballast bench gate`: choosing experts.
struct GateBenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gate",
    abstract: "Measure gates, in ns per token, and dispatching what they choose.",
    discussion: """
      Logits are normal deviates, each token's times a sharpness from 0.5 to 3; 512 tokens a batch, one thread. The
      number in a name is that of experts; top-k chooses 8 of 256, or 4 of 32.

      topK…              top-k, which every other row is compared with
      topP…At40, 80, 100 top-p with that mass, in percent
      topKConfidence…    top-k, and the least sure quarter of tokens escalated

      dispatchUniform    4096 tokens of 8 choices each, as ballast bench dispatch
      dispatchRagged     the same choices in rows of 4, 12, 7 and 9
      dispatchEscalated  uniform rows, one token in four asking for bfloat16

      The floor of a gate is reading its logits once; that of dispatch is what ballast bench dispatch --help says.

      Exit status: 0 done, 1 an input could not be used, 2 the command line could not be understood.
      """)

  @OptionGroup var options: BenchOptions

  func run() throws {
    if let json = options.json { try checkWritable(json) }
    let bench = try input { () throws(BenchError) in try ServingBench(seconds: options.seconds, seed: options.seed) }
    try options.report(try input { () throws(BenchError) in try bench.gates() })
  }
}
