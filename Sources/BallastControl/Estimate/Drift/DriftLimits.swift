import Glibc

/// What surprise is still chance.
///
/// Were every token drawn independently, the limits would be exceeded by `chance` of the windows at most, whichever
/// experts tokens choose together and however layers depend on each other. Tokens of one text are not independent, so
/// surprise is measured by what neighbouring windows usually show.
struct DriftLimits {
  // Algorithm: with k choices a token, the counts of a layer's experts have a covariance whose eigenvalues, each over
  // the variance of independent choices, are at most k and sum to at most the degrees of freedom. The tail of χ² is
  // then no heavier than that of k times χ² with freedom / k degrees: as if each token made one choice among the
  // experts taken k at a time. The mean of dependent layers deviates by no more than their mean deviation, so all
  // layers together are given the limit of one.
  /// Share of windows of one load that may be taken for drift.
  let chance: Double
  /// Choices of a token.
  let choicesPerToken: Double
  /// Surprise of neighbouring windows, all layers; at least 1.
  let usual: Double
  /// `[layer]`: the same of each layer.
  let usualByLayer: [Double]
  /// Neighbours that was learned from.
  let neighbours: Int

  /// The surprise that `chance` of the windows exceed.
  func limit(freedom: Double, usual: Double, chance: Double) -> Double {
    guard freedom > 0 else { return .infinity }
    // What is usual is learned from few windows and deviates too; neighbours share a window, so more than their mean.
    let uncertainty = 1 + Double.pi / 2 / Double(max(neighbours, 1))
    return usual * Self.quantile(freedom: freedom / max(choicesPerToken, 1) / uncertainty, chance: chance)
  }

  /// What χ² over its degrees of freedom exceeds with the given chance, by Wilson and Hilferty's cube root.
  static func quantile(freedom: Double, chance: Double) -> Double {
    let variance = 2 / (9 * freedom)
    let root = 1 - variance + deviations(chance: chance) * variance.squareRoot()
    return root * root * root
  }

  /// The deviations from its mean that a normal number exceeds with the given chance, 0 < `chance` ≤ 1/2.
  static func deviations(chance: Double) -> Double {
    var low = 0.0
    var high = 40.0
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if erfc(middle / 2.0.squareRoot()) / 2 > chance { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }
}
