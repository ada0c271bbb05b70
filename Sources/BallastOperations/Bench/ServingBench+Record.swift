import BallastRuntime
import Foundation
import Synchronization

extension ServingBench {
  /// Counting a prefill batch: ids uniform, by Zipf's law, all the same, of other widths, and in two lanes at once.
  ///
  /// - Throws: `BenchError`.
  public func record() throws(BenchError) -> [BenchRow] {
    let uniform = try choices(exponent: 0)
    return [
      try record("record", uniform),
      try record("recordZipf", choices(exponent: 1)),
      try record("recordOne", Array(repeating: 0, count: uniform.count)),
      try record("recordUInt8", uniform.map { UInt8(truncatingIfNeeded: $0) }),
      try record("recordInt32", uniform.map { Int32($0) }),
      try recordTwoLanes(uniform),
    ]
  }

  /// Batches each of two lanes counts in one sample: so many that starting a thread takes no part of it.
  private static var batchesPerLane: Int { 256 }

  private func choices(exponent: Double) throws(BenchError) -> [Int16] {
    let batch = try cluster.batch(tokens: Self.prefillTokens, exponent: exponent, seed: seed)
    return batch.experts.map { Int16(truncatingIfNeeded: $0) }
  }

  /// Checking the ids and counting them, as a lane is handed them by an engine.
  private func record<ID: FixedWidthInteger & BitwiseCopyable>(
    _ name: String, _ ids: [ID]
  ) throws(BenchError) -> BenchRow {
    let path = try cluster.path(cluster.copies)
    var lane = try BenchError.making { () throws(LaneError) in try path.makeLane() }
    let outcome = try measurement.measure(operations: ids.count) { () throws(BenchError) in
      try count(ids, in: &lane)
    }
    return BenchRow(name, outcome, unit: "ns/assignment", floor: floors.incrementNanoseconds)
  }

  /// Two threads, a lane each: nanoseconds a lane takes for an assignment, which sharing anything would raise.
  private func recordTwoLanes(_ ids: [Int16]) throws(BenchError) -> BenchRow {
    let path = try cluster.path(cluster.copies, lanes: 2)
    let failures = Atomic(0)
    let outcome = measurement.measure(operations: ids.count * Self.batchesPerLane) {
      DispatchQueue.concurrentPerform(iterations: 2) { _ in
        do throws(BenchError) {
          var lane = try BenchError.making { () throws(LaneError) in try path.makeLane() }
          for _ in 0..<Self.batchesPerLane { try count(ids, in: &lane) }
        } catch {
          failures.add(1, ordering: .relaxed)
        }
      }
    }
    guard failures.load(ordering: .relaxed) == 0 else { throw .unmade("two lanes could not count a batch") }
    return BenchRow("recordTwoLanes", outcome, unit: "ns/assignment", floor: floors.incrementNanoseconds)
  }

  private func count<ID: FixedWidthInteger & BitwiseCopyable>(
    _ ids: [ID], in lane: inout Lane
  ) throws(BenchError) {
    do {
      let selection = try SelectionSpan(
        experts: ids.span, rows: .uniform(cluster.shape.expertsPerToken),
        expertsPerLayer: cluster.shape.expertsPerLayer, traits: .shared(TokenTraits(phase: .prefill)))
      try lane.record(selection, layer: layer)
    } catch {
      throw .unmade("\(error)")
    }
  }
}
