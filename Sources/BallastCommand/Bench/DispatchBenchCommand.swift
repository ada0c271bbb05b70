import ArgumentParser
import BallastOperations

/// `ballast bench dispatch`: counting, choosing replicas and grouping.
struct DispatchBenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dispatch",
    abstract: "Measure counting, choosing replicas and grouping: 256 experts, 288 replicas, 32 devices.",
    discussion: """
      One lane on one core; the devices follow the law of an H200-class accelerator for experts of 7168 × 2048.

      dispatchPrefill        4096 tokens that choose 8 experts, drawn uniformly; ns per assignment
      dispatchPrefillZipf    the same, by Zipf's law with exponent 1
      dispatchPrefillTokens  the same uniform batch where touching a replica is free, so that only tokens count
      dispatchDecode         16 tokens that choose 8 experts, the same batch again and again; ns per call
      dispatchDecodeTurns    256 such batches in turn, which no processor learns by heart
      dispatchDecodeTokens   the same where touching a replica is free
      dispatchBorrow         the Zipf batch on one copy of each expert, with borrowing on (threshold 1.3, capacity 1,
                             chunks of 64 tokens and more) where neither touching nor moving a replica costs

      The floor of an assignment is two increments of a counter (its load, its demand) as `ballast bench record` has
      them, and 20 bytes at the rate this machine copies arrays as large as the batch's: its id read twice, its gate
      read, its row, gate and entry written. For a decode batch it is that times its 128 assignments; choosing costs
      nothing in it.

      Exit status: 0 done, 1 an input could not be used, 2 the command line could not be understood.
      """)

  @OptionGroup var options: BenchOptions

  @Option(
    help: ArgumentHelp("Write the prefill batch and the replicas as JSON, to measure others with.", valueName: "file"))
  var saveBatch: String?

  func run() throws {
    for path in [options.json, saveBatch].compactMap({ $0 }) { try checkWritable(path) }
    let bench = try input { () throws(BenchError) in try ServingBench(seconds: options.seconds, seed: options.seed) }
    if let saveBatch { try writeJSON(try input { () throws(BenchError) in try bench.prefillBatch() }, to: saveBatch) }
    try options.report(try input { () throws(BenchError) in try bench.dispatch() })
  }
}
