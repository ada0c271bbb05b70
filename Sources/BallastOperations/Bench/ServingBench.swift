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

extension ServingBench {
  /// Counting a prefill batch: ids uniform, by Zipf's law, all the same.
  ///
  /// - Throws: `BenchError`.
  public func record() throws(BenchError) -> [BenchRow] {
    let uniform = try cluster.batch(tokens: Self.prefillTokens, exponent: 0, seed: seed)
    let skewed = try cluster.batch(tokens: Self.prefillTokens, exponent: 1, seed: seed)
    return [
      try record("record", uniform), try record("recordZipf", skewed), try record("recordOne", oneExpert()),
    ]
  }

  private func record(_ name: String, _ selection: Selection) throws(BenchError) -> BenchRow {
    let path = try cluster.path(cluster.copies)
    var lane = try BenchError.making { () throws(LaneError) in try path.makeLane() }
    do throws(ExecutionError) {
      let outcome = try measurement.measure(operations: selection.assignmentCount) { () throws(ExecutionError) in
        try lane.record(selection.span, layer: layer)
      }
      return BenchRow(name, outcome, unit: "ns/assignment", floor: floors.incrementNanoseconds)
    } catch {
      throw .execution(error)
    }
  }

  /// A prefill batch whose every choice is the first expert.
  private func oneExpert() throws(BenchError) -> Selection {
    let choices = Self.prefillTokens * cluster.shape.expertsPerToken
    let ids = Array(repeating: UInt16(0), count: choices)
    let gates = Array(repeating: 1 / Float(cluster.shape.expertsPerToken), count: choices)
    return try BenchError.making { () throws(SelectionError) in
      var selection = Selection(expertsPerLayer: cluster.shape.expertsPerLayer)
      try selection.append(
        experts: ids.span, gates: gates.span, expertsPerToken: cluster.shape.expertsPerToken,
        traits: TokenTraits(phase: .prefill))
      return selection
    }
  }
}
