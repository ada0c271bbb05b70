import Histogram

/// Step times in a histogram of three significant digits.
public struct StepTimes: Sendable {
  private var histogram = Histogram<UInt64>(
    highestTrackableValue: 60_000_000_000, numberOfSignificantValueDigits: .three)

  /// No steps yet.
  public init() {}

  /// Steps so far.
  public var count: Int { Int(histogram.totalCount) }

  /// Adds a step; a minute and more count as a minute.
  public mutating func add(_ duration: Duration) {
    histogram.record(UInt64(min(max(duration.inNanoseconds, 0), 60_000_000_000)))
  }

  /// Milliseconds that this share of steps, in percent, does not exceed.
  public func milliseconds(percentile: Double) -> Double { Double(histogram.valueAtPercentile(percentile)) / 1e6 }

  /// The longest step, in milliseconds.
  public var worstMilliseconds: Double { Double(histogram.max) / 1e6 }
}
