import BallastRuntime

/// Measures what a lane does for every batch: counting, choosing replicas, reading the table.
public struct ServingBench: Sendable {
  let measurement: RepeatedMeasurement
  let cluster: BenchCluster
  let floors: MachineFloors
  let seed: UInt64
  let layer = LayerID(0)

  /// Tokens of a prefill and of a decode batch.
  static let (prefillTokens, decodeTokens) = (4096, 16)
  /// Decode batches that take turns: more than the processor can learn by heart.
  static let decodeBatches: UInt64 = 256
  /// Bytes dispatching reads and writes for an assignment at least: the id twice, the gate, and what it emits (row,
  /// gate, entry).
  static let dispatchedBytes = 2 + 2 + 4 + 4 + 4 + 4

  /// Readies the cluster and measures the machine.
  ///
  /// - Throws: `BenchError.unmade`.
  public init(seconds: Double, seed: UInt64) throws(BenchError) {
    measurement = RepeatedMeasurement(seconds: seconds)
    cluster = try BenchCluster()
    self.seed = seed
    floors = MachineFloors(
      RepeatedMeasurement(seconds: min(seconds, 0.25)), counters: cluster.shape.expertsPerLayer,
      batchBytes: Self.prefillTokens * cluster.shape.expertsPerToken * Self.dispatchedBytes)
  }
}
