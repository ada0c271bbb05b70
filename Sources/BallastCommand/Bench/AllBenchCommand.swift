import ArgumentParser
import BallastOperations

/// `ballast bench all`: everything but experts.
struct AllBenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "all",
    abstract: "Run record, dispatch, publish and pause, and print one table.",
    discussion: """
      The rows are those of the single benchmarks, whose --help explains them.

      Exit status: 0 done, 1 an input could not be used, 2 the command line could not be understood.
      """)

  @OptionGroup var options: BenchOptions

  @Option(help: "How long pause is measured in all, half of it with plans.")
  var pauseSeconds = 20.0

  @OptionGroup var serving: PauseOptions

  @Option(
    help: ArgumentHelp("Write the prefill batch and the replicas as JSON, to measure others with.", valueName: "file"))
  var saveBatch: String?

  func validate() throws {
    guard pauseSeconds >= 0.1, pauseSeconds <= 86_400 else {
      throw ValidationError("--pause-seconds is \(pauseSeconds); allowed is 0.1 to 86400")
    }
  }

  func run() async throws {
    for path in [options.json, saveBatch].compactMap({ $0 }) { try checkWritable(path) }
    let bench = try input { () throws(BenchError) in try ServingBench(seconds: options.seconds, seed: options.seed) }
    if let saveBatch { try writeJSON(try input { () throws(BenchError) in try bench.prefillBatch() }, to: saveBatch) }
    let rows = try input { () throws(BenchError) in
      try bench.record() + bench.dispatch() + bench.publish()
    }
    print(BenchRow.table(rows).text)
    let outcome = try await serving.measure(seconds: pauseSeconds, seed: options.seed)
    print(outcome.text, terminator: "")
    if let json = options.json { try writeJSON(BenchDocument(rows, pause: outcome.figures), to: json) }
  }
}
