/// Tokens per phase, layer and expert: since start, or in a window.
public struct LoadTotals: Hashable, Sendable {
  /// MoE layers.
  public let layers: Int
  /// Experts in each layer.
  public let expertsPerLayer: Int
  /// `[phase][layer][expert + 2]`; the columns past the last expert count tokens and batches.
  package var counts: [UInt64]

  /// Nothing counted yet.
  public init(layers: Int, expertsPerLayer: Int) {
    self.layers = layers
    self.expertsPerLayer = expertsPerLayer
    counts = Array(repeating: 0, count: Phase.allCases.count * layers * Self.columns(expertsPerLayer: expertsPerLayer))
  }

  /// Tokens of `phase` routed to `expert`.
  public subscript(phase: Phase, layer: LayerID, expert: ExpertID) -> UInt64 {
    get { counts[row(phase, layer) + expert.index] }
    set { counts[row(phase, layer) + expert.index] = newValue }
  }

  /// Tokens of `phase` that passed `layer`, however many experts each chose.
  public func tokens(_ phase: Phase, _ layer: LayerID) -> UInt64 { counts[row(phase, layer) + expertsPerLayer] }

  /// Batches that passed `layer`, each counted under the phase of its first counted token.
  public func batches(_ phase: Phase, _ layer: LayerID) -> UInt64 { counts[row(phase, layer) + expertsPerLayer + 1] }

  /// Tokens of both phases that passed the busiest layer.
  public var tokens: UInt64 {
    (0..<layers).map { layer in
      Phase.allCases.reduce(0) { $0 + tokens($1, LayerID(layer)) }
    }.max() ?? 0
  }

  /// One layer's tokens per expert, each phase times its weight.
  public func weighted(_ layer: LayerID, prefill: Double, decode: Double) -> [Double] {
    let first = row(.prefill, layer)
    let second = row(.decode, layer)
    return (0..<expertsPerLayer).map { Double(counts[first + $0]) * prefill + Double(counts[second + $0]) * decode }
  }

  /// Adds a batch that was counted elsewhere: its tokens per expert in one layer.
  public mutating func add(_ tokensPerExpert: [Int], tokens: Int, phase: Phase, layer: LayerID) {
    let first = row(phase, layer)
    for (expert, count) in tokensPerExpert.prefix(expertsPerLayer).enumerated() {
      counts[first + expert] += UInt64(max(count, 0))
    }
    counts[first + expertsPerLayer] += UInt64(max(tokens, 0))
    counts[first + expertsPerLayer + 1] += 1
  }

  /// What was counted between `earlier` and now; a count that would be negative reads 0.
  public func since(_ earlier: LoadTotals) -> LoadTotals {
    var difference = self
    for index in counts.indices {
      difference.counts[index] = counts[index] >= earlier.counts[index] ? counts[index] - earlier.counts[index] : 0
    }
    return difference
  }

  private func row(_ phase: Phase, _ layer: LayerID) -> Int {
    (Int(phase.rawValue) * layers + layer.index) * Self.columns(expertsPerLayer: expertsPerLayer)
  }

  /// Words a phase of one layer takes: its experts, then tokens, then batches.
  static func columns(expertsPerLayer: Int) -> Int { expertsPerLayer + 2 }
}
