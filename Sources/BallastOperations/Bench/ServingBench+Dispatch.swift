import BallastRuntime

extension ServingBench {
  /// What dispatching an assignment cannot go below: two counters' increments and the bytes it reads and writes.
  var dispatchFloor: Double {
    2 * floors.incrementNanoseconds + Double(Self.dispatchedBytes) * floors.byteNanoseconds
  }

  /// The prefill batch that `dispatchPrefill` measures with.
  ///
  /// - Throws: `BenchError.unmade`.
  public func prefillBatch() throws(BenchError) -> BenchBatch {
    BenchBatch(
      try cluster.batch(tokens: Self.prefillTokens, exponent: 0, seed: seed),
      expertsPerToken: cluster.shape.expertsPerToken, replicas: cluster.copies.layers[0].replicas)
  }

  /// Counting, choosing replicas and grouping: prefill, decode, and prefill that borrows.
  ///
  /// - Throws: `BenchError`.
  public func dispatch() throws(BenchError) -> [BenchRow] {
    let resident = try cluster.path(cluster.copies)
    let tokens = try cluster.path(cluster.copies, cost: .tokens)
    let limits = BorrowLimits(imbalanceThreshold: 1.3, capacityFactor: 1, minimumChunkTokens: 64)
    let borrowing = try cluster.path(cluster.originals, policy: .borrowing(limits), cost: .tokens)
    let uniform = try cluster.batch(tokens: Self.prefillTokens, exponent: 0, seed: seed)
    let skewed = try cluster.batch(tokens: Self.prefillTokens, exponent: 1, seed: seed)
    var few: [Selection] = []
    for turn in 0..<Self.decodeBatches {
      few.append(try cluster.batch(tokens: Self.decodeTokens, exponent: 0, seed: seed &+ turn, phase: .decode))
    }
    return [
      try dispatch("dispatchPrefill", uniform, resident),
      try dispatch("dispatchPrefillZipf", skewed, resident),
      try dispatch("dispatchPrefillTokens", uniform, tokens),
      try dispatchCall("dispatchDecode", [few[0]], resident),
      try dispatchCall("dispatchDecodeTurns", few, resident),
      try dispatchCall("dispatchDecodeTokens", [few[0]], tokens),
      try dispatch("dispatchBorrow", skewed, borrowing),
    ]
  }

  private func dispatch(_ name: String, _ batch: Selection, _ path: ServingPath) throws(BenchError) -> BenchRow {
    let outcome = try measure([batch], path, operations: batch.assignmentCount)
    return BenchRow(name, outcome, unit: "ns/assignment", floor: dispatchFloor)
  }

  private func dispatchCall(_ name: String, _ batches: [Selection], _ path: ServingPath) throws(BenchError) -> BenchRow
  {
    let outcome = try measure(batches, path, operations: batches.count)
    return BenchRow(name, outcome, unit: "ns/call", floor: dispatchFloor * Double(batches[0].assignmentCount))
  }

  /// Dispatches the batches one after another.
  private func measure(
    _ batches: [Selection], _ path: ServingPath, operations: Int
  ) throws(BenchError) -> RepeatedMeasurement.Outcome {
    var lane = try BenchError.making { () throws(LaneError) in try path.makeLane() }
    do throws(ExecutionError) {
      return try measurement.measure(operations: operations) { () throws(ExecutionError) in
        for batch in batches { try lane.dispatch(batch, layer: layer) { _ in } }
      }
    } catch {
      throw .execution(error)
    }
  }

  /// Replacing the table while nobody reads, reading it, and compiling one.
  ///
  /// - Throws: `BenchError.unmade`.
  public func publish() throws(BenchError) -> [BenchRow] {
    let tables = [try cluster.table(cluster.copies), try cluster.table(cluster.originals)]
    let published = Published(tables[0], readers: 8)
    var turn = 0
    let publishing = measurement.measure(operations: 1) {
      turn ^= 1
      published.replace(with: tables[turn])
      published.reclaim()
    }
    let path = try cluster.path(cluster.copies)
    let lane = try BenchError.making { () throws(LaneError) in try path.makeLane() }
    var versions: UInt64 = 0
    let reading = measurement.measure(operations: 1000) {
      for _ in 0..<1000 { versions &+= lane.tableVersion }
    }
    let compiling = try measurement.measure(operations: 1) { () throws(BenchError) in
      _ = try cluster.table(cluster.copies)
    }
    return [
      BenchRow("publish", publishing, unit: "ns/call", floor: 2 * floors.exchangeNanoseconds),
      BenchRow("publishRead", reading, unit: "ns/call", floor: floors.exchangeNanoseconds),
      BenchRow(
        "publishCompile", compiling, unit: "ns/call",
        floor: floors.byteNanoseconds * Double(cluster.copies.replicaCount * MemoryLayout<Replica>.stride)),
    ]
  }
}
