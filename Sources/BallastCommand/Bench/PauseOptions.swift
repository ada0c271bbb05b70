import ArgumentParser
import BallastCPU
import BallastOperations
import BallastRuntime
import Foundation

/// How `ballast bench pause` serves and plans.
struct PauseOptions: ParsableArguments {
  @Option(help: "From one plan to the next.")
  var periodMilliseconds = 50

  @Option(help: ArgumentHelp("Most bytes staged in a second.", valueName: "bytes"))
  var stagingBandwidth = "100MB"

  @Option(help: "Devices, one core each (default: the cores of this machine but one, at least one).")
  var devices: Int?

  func validate() throws {
    guard (1...60_000).contains(periodMilliseconds) else {
      throw ValidationError("--period-milliseconds is \(periodMilliseconds); allowed is 1 to 60000")
    }
    guard (1...1024).contains(devices ?? 1) else {
      throw ValidationError("--devices is \(devices ?? 0); allowed is 1 to 1024")
    }
  }

  /// Stages the model and measures.
  func measure(seconds: Double, seed: UInt64) async throws(InputError) -> PauseOutcome {
    let bandwidth = try input { () throws(UnitError) in try ByteCount(parsing: stagingBandwidth) }
    let executor = try input { () throws(CPUExecutorError) in try makeExecutor(bandwidth.bytes, seed: seed) }
    // Turns of a quarter of a second, so that both kinds of steps meet the same machine.
    let settings = PauseBench.Settings(
      seconds: seconds, phases: max(1, Int(seconds * 2)), periodMilliseconds: periodMilliseconds, tokens: 32,
      hidden: executor.dimensions.hidden, seed: seed)
    return try await input { () async throws(BenchError) in
      let bench = try PauseBench(executor: executor, settings: settings) {
        _ = executor.keepCallingThread(on: DeviceID(0))
      }
      return try await bench.run()
    }
  }

  private func makeExecutor(_ bytesPerSecond: Int, seed: UInt64) throws(CPUExecutorError) -> CPUExecutor {
    let dimensions = try ExpertDimensions(hidden: 256, inner: 256)
    let shape = try dimensions.modelShape(layers: 2, expertsPerLayer: 16, expertsPerToken: 4, fullPrecision: .bfloat16)
    return try CPUExecutor(
      source: SeededWeights(layers: shape.layers, experts: shape.expertsPerLayer, dimensions: dimensions, seed: seed),
      shape: shape, dimensions: dimensions,
      configuration: CPUExecutorConfiguration(
        devices: devices ?? max(1, ProcessInfo.processInfo.activeProcessorCount - 1),
        memoryBytesPerDevice: 2 * shape.fullBytes, stagingBytesPerSecond: bytesPerSecond))
  }
}
