public import BallastRuntime

/// Compares window after window with the one the placement was planned for.
///
/// Windows follow each other without a gap or overlap. What neighbouring windows usually show is learned, so that the
/// dependence of tokens within a text is not taken for drift.
public struct DriftDetector: Sendable {
  /// Neighbouring windows that must have been compared before drift is looked for.
  public static let leastNeighbours = 3

  private let choicesPerToken: Double
  private var begin: LoadTotals
  private var last: [[Double]]?
  private var reference: [[Double]]?
  private var importance: [[Double]] = []
  private var neighbours: [Neighbour] = []

  /// The surprise of a window against the one before it.
  private struct Neighbour {
    let all: Double
    /// `[layer]`: the surprise of each.
    let layers: [Double]
  }

  private static let memory = 32

  /// A detector for a model whose tokens choose so many experts; its first window begins with `totals`.
  public init(expertsPerToken: Int, from totals: LoadTotals) {
    choicesPerToken = Double(max(expertsPerToken, 1))
    begin = totals
  }

  /// Looks at what has been counted since the last whole window.
  ///
  /// - Parameters:
  ///   - totals: Tokens since the start, of one and the same model each time.
  ///   - samples: What sampled batches had revealed by now.
  ///   - configuration: How long a window is, and what a token of each phase counts.
  ///   - chance: Share of windows of one load that may be taken for drift, above 0.
  /// - Returns: nil unless a window has been filled and there is something to compare it with.
  /// - Complexity: O(layers · experts).
  public mutating func look(
    _ totals: LoadTotals, samples: SampleTotals, configuration: EstimatorConfiguration, chance: Double
  ) -> RoutingDrift? {
    let window = totals.since(begin)
    guard window.tokens >= UInt64(max(configuration.windowTokens, 1)) else { return nil }
    begin = totals
    guard let loads = Self.loads(window, configuration) else { return nil }
    defer { note(loads) }
    guard let reference else {
      self.reference = loads
      importance = samples.importance
      return nil
    }
    guard neighbours.count >= Self.leastNeighbours else { return nil }
    return RoutingDrift(
      window: loads, reference: reference, importance: importance, limits: limits(chance: chance, layers: loads.count))
  }

  /// Takes note that the placement was planned, or found right, for `window`.
  public mutating func notePlan(
    for window: LoadTotals, samples: SampleTotals, configuration: EstimatorConfiguration
  ) {
    guard let loads = Self.loads(window, configuration) else { return }
    reference = loads
    importance = samples.importance
  }

  private mutating func note(_ loads: [[Double]]) {
    defer { last = loads }
    guard let last else { return }
    let layers = zip(loads, last).map { LoadDrift.surprise($0, $1) }
    let freedom = layers.reduce(0) { $0 + $1.freedom }
    guard freedom > 0 else { return }
    neighbours.append(
      Neighbour(
        all: layers.reduce(0) { $0 + $1.excess } / freedom + 1,
        layers: layers.map { $0.freedom > 0 ? $0.excess / $0.freedom + 1 : 1 }))
    neighbours.removeFirst(max(0, neighbours.count - Self.memory))
  }

  private func limits(chance: Double, layers: Int) -> DriftLimits {
    let usual = Self.usual(neighbours.map(\.all))
    return DriftLimits(
      chance: chance, choicesPerToken: choicesPerToken, usual: usual,
      // A layer that was calmer than the others by chance must not be judged more strictly.
      usualByLayer: (0..<layers).map { layer in max(usual, Self.usual(neighbours.map { $0.layers[layer] })) },
      neighbours: neighbours.count)
  }

  /// The mean of `surprises` but for the largest eighth, which changes make; sampling alone makes 1.
  private static func usual(_ surprises: [Double]) -> Double {
    let kept = surprises.sorted().prefix(surprises.count - surprises.count / 8)
    return max(1, kept.reduce(0, +) / Double(max(kept.count, 1)))
  }

  /// `[layer][expert]`: tokens, none counting more than one, or noise would be taken for less than it is; nil of none.
  private static func loads(_ window: LoadTotals, _ configuration: EstimatorConfiguration) -> [[Double]]? {
    let most = max(configuration.prefillWeight, configuration.decodeWeight, .leastNormalMagnitude)
    let loads = (0..<window.layers).map {
      window.weighted(
        LayerID($0), prefill: configuration.prefillWeight / most, decode: configuration.decodeWeight / most)
    }
    return loads.contains { $0.contains { $0 > 0 } } ? loads : nil
  }
}
