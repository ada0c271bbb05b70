/// Tokens per phase, layer, round and expert: since start, or in a window.
///
/// A layer's load is the sum over its rounds: a token that passes a layer of two rounds counts twice there.
public struct LoadTotals: Hashable, Sendable {
  /// MoE layers.
  public let layers: Int
  /// Experts in each layer.
  public let expertsPerLayer: Int
  /// Rounds of each layer.
  public let roundsPerLayer: Int
  /// `[phase][layer][round][expert + 2]`; the columns past the last expert count tokens and batches.
  package var counts: [UInt64]

  /// Nothing counted yet.
  public init(layers: Int, expertsPerLayer: Int, roundsPerLayer: Int = 1) {
    self.layers = layers
    self.expertsPerLayer = expertsPerLayer
    self.roundsPerLayer = roundsPerLayer
    counts = Array(
      repeating: 0,
      count: Phase.allCases.count * layers * roundsPerLayer * Self.columns(expertsPerLayer: expertsPerLayer))
  }

  /// Tokens of `phase` routed to `expert` in all rounds of `layer`.
  public subscript(phase: Phase, layer: LayerID, expert: ExpertID) -> UInt64 {
    summed(phase, layer, column: expert.index)
  }

  /// Tokens of `phase` routed to `expert` in one round of `layer`.
  public subscript(phase: Phase, layer: LayerID, round: RoundID, expert: ExpertID) -> UInt64 {
    get { counts[row(phase, layer, round) + expert.index] }
    set { counts[row(phase, layer, round) + expert.index] = newValue }
  }

  /// Tokens of `phase` that passed the rounds of `layer`, however many experts each chose.
  public func tokens(_ phase: Phase, _ layer: LayerID) -> UInt64 { summed(phase, layer, column: expertsPerLayer) }

  /// Batches that passed the rounds of `layer`, each counted under the phase of its first counted token.
  public func batches(_ phase: Phase, _ layer: LayerID) -> UInt64 {
    summed(phase, layer, column: expertsPerLayer + 1)
  }

  /// Tokens of both phases that passed the rounds of the busiest layer.
  public var tokens: UInt64 {
    (0..<layers).map { layer in
      Phase.allCases.reduce(0) { $0 + tokens($1, LayerID(layer)) }
    }.max() ?? 0
  }

  /// One layer's tokens per expert in all its rounds, each phase times its weight.
  public func weighted(_ layer: LayerID, prefill: Double, decode: Double) -> [Double] {
    var sums = Array(repeating: 0.0, count: expertsPerLayer)
    for round in 0..<roundsPerLayer {
      for (expert, tokens) in weighted(layer, RoundID(round), prefill: prefill, decode: decode).enumerated() {
        sums[expert] += tokens
      }
    }
    return sums
  }

  /// One round's tokens per expert, each phase times its weight.
  public func weighted(_ layer: LayerID, _ round: RoundID, prefill: Double, decode: Double) -> [Double] {
    let first = row(.prefill, layer, round)
    let second = row(.decode, layer, round)
    return (0..<expertsPerLayer).map { Double(counts[first + $0]) * prefill + Double(counts[second + $0]) * decode }
  }

  /// Adds a batch that was counted elsewhere: its tokens per expert in one round of one layer.
  public mutating func add(
    _ tokensPerExpert: [Int], tokens: Int, phase: Phase, layer: LayerID, round: RoundID = .first
  ) {
    let first = row(phase, layer, round)
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

  private func summed(_ phase: Phase, _ layer: LayerID, column: Int) -> UInt64 {
    (0..<roundsPerLayer).reduce(0) { $0 + counts[row(phase, layer, RoundID($1)) + column] }
  }

  private func row(_ phase: Phase, _ layer: LayerID, _ round: RoundID) -> Int {
    ((Int(phase.rawValue) * layers + layer.index) * roundsPerLayer + round.index)
      * Self.columns(expertsPerLayer: expertsPerLayer)
  }

  /// Words a phase of one round takes: its experts, then tokens, then batches.
  static func columns(expertsPerLayer: Int) -> Int { expertsPerLayer + 2 }
}
