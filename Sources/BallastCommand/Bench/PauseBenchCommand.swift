import ArgumentParser
import BallastOperations

/// `ballast bench pause`: steady serving, with and without plans.
struct PauseBenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause",
    abstract: "Measure whether serving notices that plans are applied: step times with and without.",
    discussion: """
      Serves one step after another on this machine's cores, one of them left free: a step is 32 tokens that choose 4
      of 16 experts (256 × 256, bfloat16, two of them int8) in 2 layers. Phases without plans and phases with one
      every --period-milliseconds take turns. Each plan stages two replicas a layer, publishes a table and retires two
      replicas a layer; what serves before and after is alike, so that only applying can make a difference.

      Staging is throttled to --staging-bandwidth. Prints p50, p99, p99.9 and the worst step of both, from a
      histogram, in milliseconds, their ratios, and how many steps waited: whose thread gave up its core, for more than
      50 µs, while it counted or routed and a plan was applied.

      Exit status: 0 done, 1 an input could not be used, 2 the command line could not be understood.
      """)

  @Option(help: "How long is measured in all, half of it with plans.")
  var seconds = 20.0

  @OptionGroup var serving: PauseOptions

  @Option(help: "Decides every random choice.")
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("Write the figures as JSON.", valueName: "file"))
  var json: String?

  func validate() throws {
    guard seconds >= 0.1, seconds <= 86_400 else {
      throw ValidationError("--seconds is \(seconds); allowed is 0.1 to 86400")
    }
  }

  func run() async throws {
    if let json { try checkWritable(json) }
    let outcome = try await serving.measure(seconds: seconds, seed: seed)
    print(outcome.text, terminator: "")
    if let json { try writeJSON(BenchDocument([], pause: outcome.figures), to: json) }
  }
}
