public import BallastRuntime

/// How far a window's routing lies from a reference in one layer, with what sampling alone would make taken off.
///
/// Two samples of one load differ by chance, the more the smaller they are. Overlap and divergence are therefore set
/// against what two such samples are expected to show: identical routing and samples of one load give an overlap of
/// about 1 and a divergence of about 0, routing without a common expert gives 0 and 1.
public struct LayerDrift: Hashable, Sendable {
  /// The layer.
  public let layer: LayerID
  /// What the two have in common, 0…1: Σ of the smaller share of each expert, over what one load would give.
  public let overlap: Double
  /// Jensen-Shannon divergence in bits, 0…1, less what one load would give.
  public let divergence: Double
  /// χ² of the two over its degrees of freedom: about 1 when every token is drawn independently from one load.
  public let surprise: Double
  /// Experts that were chosen at all, less one.
  public let freedom: Double

  /// Compares the tokens of each expert, `[expert]`, in a window and in a reference; nil when either is without tokens.
  public init?(_ layer: LayerID, window: [Double], reference: [Double]) {
    let noise = SamplingNoise(window: window.reduce(0, +), reference: reference.reduce(0, +))
    guard let noise, window.count == reference.count else { return nil }
    self.layer = layer
    var apart = 0.0
    var expectedApart = 0.0
    var bits = 0.0
    var expectedBits = 0.0
    // Few numbers of tokens are different.
    var known: [Double: Double] = [:]
    for (tokens, before) in zip(window, reference) where tokens + before > 0 {
      let share = tokens / noise.window
      let shareBefore = before / noise.reference
      apart += abs(share - shareBefore) / 2
      expectedApart += noise.distance(tokens + before) / 2
      bits += SamplingNoise.divergence(share, shareBefore)
      let both = (tokens + before).rounded()
      let expected = known[both] ?? noise.divergence(both)
      known[both] = expected
      expectedBits += expected
    }
    overlap = min(1, max(0, 1 - apart) / max(1 - expectedApart, .leastNormalMagnitude))
    divergence = min(1, max(0, (bits - expectedBits) / max(1 - expectedBits, .leastNormalMagnitude)))
    let surprise = LoadDrift.surprise(window, reference)
    freedom = surprise.freedom
    self.surprise = freedom > 0 ? surprise.excess / freedom + 1 : 0
  }
}
