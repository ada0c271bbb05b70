import ArgumentParser
import BallastCPU
import BallastControl
import BallastOperations
import BallastRuntime
import Foundation

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

  @Option(help: "From one plan to the next.")
  var periodMilliseconds = 50

  @Option(help: ArgumentHelp("Most bytes staged in a second.", valueName: "bytes"))
  var stagingBandwidth = "100MB"

  @Option(help: "Devices, one core each (default: the cores of this machine but one, at least one).")
  var devices: Int?

  @Option(help: "Decides every random choice.")
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("Write the figures as JSON.", valueName: "file"))
  var json: String?

  func validate() throws {
    guard seconds >= 0.1, seconds <= 86_400 else {
      throw ValidationError("--seconds is \(seconds); allowed is 0.1 to 86400")
    }
    guard (1...60_000).contains(periodMilliseconds) else {
      throw ValidationError("--period-milliseconds is \(periodMilliseconds); allowed is 1 to 60000")
    }
    guard (1...1024).contains(devices ?? 1) else {
      throw ValidationError("--devices is \(devices ?? 0); allowed is 1 to 1024")
    }
  }

  func run() async throws {
    if let json { try checkWritable(json) }
    let outcome = try await measure()
    print(outcome.text, terminator: "")
    if let json { try writeJSON(["pause": outcome.figures], to: json) }
  }

  /// Stages the model and measures.
  func measure() async throws(InputError) -> PauseOutcome {
    let bandwidth = try input { () throws(UnitError) in try ByteCount(parsing: stagingBandwidth) }
    let executor = try input { () throws(CPUExecutorError) in try makeExecutor(bytesPerSecond: bandwidth.bytes) }
    let settings = PauseBench.Settings(
      seconds: seconds, phases: max(1, Int(seconds * 2)), periodMilliseconds: periodMilliseconds, tokens: 32,
      hidden: executor.dimensions.hidden, seed: seed)
    return try await input { () async throws(BenchError) in
      let bench = try PauseBench(executor: executor, settings: settings)
      return try await bench.run()
    }
  }

  private func makeExecutor(bytesPerSecond: Int) throws(CPUExecutorError) -> CPUExecutor {
    let dimensions = try ExpertDimensions(hidden: 256, inner: 256)
    let shape = try dimensions.modelShape(layers: 2, expertsPerLayer: 16, expertsPerToken: 4, fullPrecision: .bfloat16)
    return try CPUExecutor(
      source: SeededWeights(
        layers: shape.layers, experts: shape.expertsPerLayer, dimensions: dimensions, seed: seed),
      shape: shape, dimensions: dimensions,
      configuration: CPUExecutorConfiguration(
        devices: devices ?? max(1, ProcessInfo.processInfo.activeProcessorCount - 1),
        memoryBytesPerDevice: 2 * shape.fullBytes, stagingBytesPerSecond: bytesPerSecond))
  }
}
