public import BallastRuntime

/// What a whole block of experts takes, dispatched, computed and combined, beside what its cores reach at best.
public struct ExpertBlockTiming: Hashable, Sendable, Codable {
  /// Tokens in the batch.
  public let tokens: Int
  /// The name of the precision of every expert.
  public let precision: String
  /// Devices, each of one core.
  public let devices: Int
  /// The median time of one batch.
  public let nanoseconds: Double
  /// Half the distance between the quartiles.
  public let spreadNanoseconds: Double
  /// Multiplications and additions of one batch.
  public let operations: Double
  /// Bytes of the experts the batch meets.
  public let bytes: Double
  /// What the cores read together, measured around the batches.
  public let readBytesPerSecond: Double
  /// What the cores multiply and add together in registers.
  public let peakOperationsPerSecond: Double
  /// ‖output − exact output‖ / ‖exact output‖ of an expert, over normal inputs.
  public let relativeError: Double
  /// The least time to round and pack one expert into memory used before.
  public let packingNanoseconds: Double
  /// The median time to stage one expert, its error measured.
  public let stagingNanoseconds: Double

  /// Billions of multiplications and additions a second.
  public var gigaoperationsPerSecond: Double { operations / nanoseconds }
  /// The block's bytes over what the cores read in its time; above 1 where caches help.
  public var bandwidthShare: Double { bytes / nanoseconds * 1e9 / readBytesPerSecond }
  /// The block's operations over what the cores compute in its time.
  public var arithmeticShare: Double { operations / nanoseconds * 1e9 / peakOperationsPerSecond }

  /// Times batches of evenly chosen experts with random weights.
  ///
  /// - Parameters:
  ///   - dimensions: The sizes of an expert.
  ///   - experts: Experts in the layer.
  ///   - expertsPerToken: Choices of each token.
  ///   - tokens: Token counts to time.
  ///   - precision: How the experts are stored.
  ///   - devices: Devices, each of one core.
  ///   - seconds: How long each token count is timed.
  ///   - seed: Of weights, inputs and choices.
  /// - Returns: One timing for each token count.
  /// - Throws: `CPUExecutorError`, `StagingError`, `SelectionError` or `ExecutionError` when the block cannot be
  ///   built; nothing is left behind.
  public static func measure(
    dimensions: ExpertDimensions, experts: Int, expertsPerToken: Int, tokens: [Int], precision: Precision,
    devices: Int = 1, seconds: Double = 0.5, seed: UInt64 = 1
  ) async throws -> [ExpertBlockTiming] {
    let block = try await ExpertBlock(
      dimensions: dimensions, experts: experts, expertsPerToken: expertsPerToken, precision: precision,
      devices: devices, seed: seed)
    let timings: Result<[ExpertBlockTiming], any Error> = try await withCheckedThrowingContinuation { continuation in
      do {
        // A thread of its own, on the first device's core, as a serving thread would be.
        let thread = try WorkerThread(core: block.cores[0]) {
          continuation.resume(returning: Result { try tokens.map { try block.time(tokens: $0, seconds: seconds) } })
        }
        thread.detach()
      } catch {
        continuation.resume(throwing: error)
      }
    }
    return try timings.get()
  }
}
