import Glibc

/// What the traffic of late needs each expert for: its one-pass importance, faded, as a share of its layer.
///
/// Importance is a sum since the start, and a domain that is gone would weigh in it for ever. Here older scores count
/// less, but only while new ones come: what is idle forgets nothing.
struct DomainNeed: Sendable {
  /// Ticks with samples after which older scores count half; 0 never fades.
  var halfLifeTicks: Double
  /// The sums at the last tick, `[layer][expert]`.
  private var last: [[Double]] = []
  private var faded: [[Double]] = []

  init(halfLifeTicks: Double) { self.halfLifeTicks = halfLifeTicks }

  /// Takes in the sums since the start, `[layer][expert]`.
  mutating func note(_ importance: [[Double]]) {
    if last.isEmpty {
      last = importance.map { $0.map { _ in 0 } }
      faded = last
    }
    let keep = halfLifeTicks > 0 ? exp2(-1 / halfLifeTicks) : 1
    for layer in importance.indices {
      let fresh = zip(importance[layer], last[layer]).map { max(0, $0 - $1) }
      guard fresh.contains(where: { $0 > 0 }) else { continue }
      faded[layer] = zip(faded[layer], fresh).map { $0 * keep + $1 }
    }
    last = importance
  }

  /// `[layer][expert]`: shares that sum to 1 in each layer; by `loads` where nothing has been sampled.
  func shares(loads: [[Double]]) -> [[Double]] {
    loads.indices.map { layer in
      let scores = faded.indices.contains(layer) ? faded[layer] : []
      return LoadEstimate.shares(scores.contains { $0 > 0 } ? scores : loads[layer])
    }
  }
}

extension LoadEstimate {
  /// `values` in proportion, summing to 1; even when they sum to nothing.
  static func shares(_ values: [Double]) -> [Double] {
    let total = values.reduce(0, +)
    guard total > 0, total.isFinite else { return values.map { _ in 1 / Double(max(values.count, 1)) } }
    return values.map { $0 / total }
  }
}
