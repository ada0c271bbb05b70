public import BallastRuntime

/// How far the routing of a window lies from the one the placement was planned for.
public struct RoutingDrift: Hashable, Sendable {
  /// An expert that takes much of its layer's tokens now and has mattered little so far.
  public struct RisenExpert: Hashable, Sendable {
    /// Its layer.
    public let layer: LayerID
    /// Which one.
    public let expert: ExpertID
    /// Its share of the layer's tokens in the window.
    public let utilisation: Double
    /// Its share of the layer's importance, as sampled until the placement was planned.
    public let importance: Double
  }

  /// Layers that had tokens in the window and in the reference.
  public let layers: [LayerDrift]
  /// Mean overlap of the layers, 0…1; 1 is the same routing.
  public let overlap: Double
  /// Mean divergence of the layers, 0…1 bits; 0 is the same routing.
  public let divergence: Double
  /// χ² of all layers over their degrees of freedom.
  public let surprise: Double
  /// What surprise may be before it is no chance.
  public let limit: Double
  /// The layers that by themselves differ by more than chance.
  public let driftedLayers: [LayerID]
  /// The largest surprise over its limit, of all layers together or of one: above 1 the routing has drifted.
  public let score: Double
  /// Experts that are hot now and were unimportant so far, the most first.
  public let risen: [RisenExpert]

  /// Experts that are listed, at most.
  static let risenLimit = 16

  /// Compares a window with a reference; nil when no layer has tokens in both.
  ///
  /// - Parameters:
  ///   - window: `[layer][expert]` tokens.
  ///   - reference: The same of the window that was planned for.
  ///   - importance: `[layer][expert]`, the sums sampled until then.
  ///   - limits: What is chance.
  init?(window: [[Double]], reference: [[Double]], importance: [[Double]], limits: DriftLimits) {
    layers = zip(window, reference).enumerated().compactMap {
      LayerDrift(LayerID($0), window: $1.0, reference: $1.1)
    }
    guard !layers.isEmpty else { return nil }
    let count = Double(layers.count)
    overlap = layers.reduce(0) { $0 + $1.overlap } / count
    divergence = layers.reduce(0) { $0 + $1.divergence } / count
    let freedom = layers.reduce(0) { $0 + $1.freedom } / count
    surprise = freedom > 0 ? layers.reduce(0) { $0 + $1.surprise * $1.freedom } / freedom / count : 0
    let all = limits.limit(freedom: freedom, usual: limits.usual, chance: limits.chance / 2)
    limit = all
    let scores = layers.map { layer in
      layer.surprise
        / limits.limit(
          freedom: layer.freedom, usual: limits.usualByLayer[layer.layer.index], chance: limits.chance / 2 / count)
    }
    driftedLayers = zip(layers, scores).filter { $0.1 > 1 }.map(\.0.layer)
    score = max(surprise / all, scores.max() ?? 0)
    risen = Self.risen(window, importance)
  }

  /// Experts whose share of the tokens exceeds their share of the importance by more than an even share.
  private static func risen(_ window: [[Double]], _ importance: [[Double]]) -> [RisenExpert] {
    var found: [RisenExpert] = []
    for (layer, (tokens, scores)) in zip(window, importance).enumerated() {
      let total = tokens.reduce(0, +)
      let past = scores.reduce(0, +)
      guard total > 0, past > 0 else { continue }
      for (expert, (load, score)) in zip(tokens, scores).enumerated()
      where load / total - score / past > 1 / Double(tokens.count) {
        found.append(
          RisenExpert(
            layer: LayerID(layer), expert: ExpertID(expert), utilisation: load / total, importance: score / past))
      }
    }
    func excess(_ place: Int) -> Double { found[place].utilisation - found[place].importance }
    return found.indices.sorted { (excess($1), $0) < (excess($0), $1) }.prefix(risenLimit).map { found[$0] }
  }
}
