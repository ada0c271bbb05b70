/// Order statistics of repeated measurements.
public struct SampleSummary: Hashable, Sendable {
  /// How many there were.
  public let count: Int
  /// The middle; the mean of the two middles of an even number.
  public let median: Double
  /// What one in four does not exceed.
  public let lowerQuartile: Double
  /// What three in four do not exceed.
  public let upperQuartile: Double
  /// What 99 in 100 do not exceed.
  public let p99: Double

  /// Orders `samples`; nil when there is none.
  public init?(_ samples: [Double]) {
    guard let first = samples.first else { return nil }
    self.init(first, samples.dropFirst())
  }

  /// Orders samples of which there is at least one.
  public init(_ first: Double, _ others: some Sequence<Double>) {
    let sorted = ([first] + others).sorted()
    // The least sample that this share of all does not exceed.
    func rank(_ share: Double) -> Double {
      sorted[min(max(Int((share * Double(sorted.count)).rounded(.up)) - 1, 0), sorted.count - 1)]
    }
    count = sorted.count
    median = (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    lowerQuartile = rank(0.25)
    upperQuartile = rank(0.75)
    p99 = rank(0.99)
  }

  /// Half the distance between the quartiles as a share of the median: how far samples usually are from it.
  public var spread: Double { median == 0 ? 0 : (upperQuartile - lowerQuartile) / 2 / abs(median) }
}
