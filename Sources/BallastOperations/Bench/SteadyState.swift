/// Tells when repeated measurements have stopped drifting.
///
/// Samples are taken in windows. They are steady once the medians of the last few windows lie close together: a
/// drift, such as caches or clocks warming up, moves the medians; an outlier moves none.
public struct SteadyState: Hashable, Sendable {
  /// Samples in a window.
  public static let windowSamples = 16
  /// Windows that must agree.
  public static let windows = 4
  /// How far their medians may lie apart, as a share of the middle one.
  public static let tolerance = 0.03

  /// Samples seen.
  public private(set) var count = 0
  private var window: [Double] = []
  private var medians: [Double] = []

  /// Nothing seen yet.
  public init() {}

  /// Takes in the next sample.
  public mutating func add(_ sample: Double) {
    count += 1
    window.append(sample)
    guard window.count == Self.windowSamples else { return }
    if let summary = SampleSummary(window) { medians.append(summary.median) } else { medians.removeAll() }
    if medians.count > Self.windows { medians.removeFirst() }
    window.removeAll(keepingCapacity: true)
  }

  /// Whether the last windows agree.
  public var isReached: Bool {
    guard medians.count == Self.windows, let middle = SampleSummary(medians)?.median, let low = medians.min(),
      let high = medians.max()
    else { return false }
    return high - low <= abs(middle) * Self.tolerance
  }
}
