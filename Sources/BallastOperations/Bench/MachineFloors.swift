import Synchronization

/// What this machine cannot go below, measured in the run whose figures are compared with it.
public struct MachineFloors: Hashable, Sendable {
  /// Nanoseconds to add 1 to a counter named by an id, no id twice in a row.
  public let incrementNanoseconds: Double
  /// Nanoseconds to move one byte, read or written, of arrays as large as a batch's.
  public let byteNanoseconds: Double
  /// Nanoseconds of one sequentially consistent exchange of a word nobody else touches.
  public let exchangeNanoseconds: Double

  /// Measures all three for an experts count and the bytes of a batch's arrays.
  public init(_ measurement: RepeatedMeasurement, counters: Int, batchBytes: Int) {
    incrementNanoseconds = Self.increment(measurement, counters: max(counters, 1))
    byteNanoseconds = Self.byte(measurement, words: max(batchBytes / 16, 1))
    exchangeNanoseconds = Self.exchange(measurement)
  }

  /// The least of several arrays: where an array happens to lie must not raise a floor.
  private static func increment(_ measurement: RepeatedMeasurement, counters: Int) -> Double {
    (0..<4).map { _ in incrementOnce(RepeatedMeasurement(seconds: measurement.seconds / 4), counters: counters) }
      .reduce(.infinity, min)
  }

  private static func incrementOnce(_ measurement: RepeatedMeasurement, counters: Int) -> Double {
    let ids = (0..<1 << 15).map { UInt16(truncatingIfNeeded: $0 % counters) }
    var counts = Array(repeating: UInt64(0), count: counters)
    return measurement.measure(operations: ids.count) {
      var counts = counts.mutableSpan
      for id in ids { counts[Int(id)] &+= 1 }
    }.nanoseconds.median
  }

  private static func byte(_ measurement: RepeatedMeasurement, words: Int) -> Double {
    let source = Array(repeating: UInt64(1), count: words)
    var target = Array(repeating: UInt64(0), count: words)
    // A word read and a word written are 16 bytes.
    return measurement.measure(operations: words * 16) {
      let source = source.span
      var target = target.mutableSpan
      for word in target.indices { target[word] = source[word] }
    }.nanoseconds.median
  }

  private static func exchange(_ measurement: RepeatedMeasurement) -> Double {
    let word = Atomic<UInt64>(0)
    return measurement.measure(operations: 1000) {
      for turn in 0..<1000 as Range<UInt64> { _ = word.exchange(turn, ordering: .sequentiallyConsistent) }
    }.nanoseconds.median
  }
}
