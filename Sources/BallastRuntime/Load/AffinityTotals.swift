/// How often sampled tokens went from one expert to another between two layers, since start.
public struct AffinityTotals: Hashable, Sendable {
  /// What was seen between two pools of experts.
  public struct Transition: Hashable, Sendable {
    /// The layer the tokens came from.
    public var from: LayerID
    /// The layer they went to; the same one from round to round.
    public var to: LayerID
    /// `[expert of from · experts + expert of to]`: tokens, each divided over its pairs of choices by gate weight.
    public var weights: [Double]
    /// Tokens that passed in the sampled batches, whether or not each was looked at.
    public var tokens: Double
    /// Sampled batches.
    public var batches: Double

    /// States what was seen.
    public init(from: LayerID, to: LayerID, weights: [Double], tokens: Double = 0, batches: Double = 0) {
      self.from = from
      self.to = to
      self.weights = weights
      self.tokens = tokens
      self.batches = batches
    }
  }

  /// Experts in each layer.
  public let expertsPerLayer: Int
  /// Rounds of each layer.
  public let roundsPerLayer: Int
  /// The pairs of layers looked at.
  public var transitions: [Transition]

  /// States totals; every `weights` has `expertsPerLayer²` values.
  public init(expertsPerLayer: Int, roundsPerLayer: Int = 1, transitions: [Transition]) {
    self.expertsPerLayer = expertsPerLayer
    self.roundsPerLayer = roundsPerLayer
    self.transitions = transitions
  }

  /// What was seen between `earlier` and now, of the same pairs of layers.
  public func since(_ earlier: AffinityTotals) -> AffinityTotals {
    guard earlier.expertsPerLayer == expertsPerLayer else { return self }
    var difference = self
    for (index, before) in earlier.transitions.prefix(transitions.count).enumerated() {
      difference.transitions[index].tokens -= before.tokens
      difference.transitions[index].batches -= before.batches
      for pair in before.weights.indices { difference.transitions[index].weights[pair] -= before.weights[pair] }
    }
    return difference
  }

  /// Adds what another part of the same traffic showed.
  package mutating func add(_ other: AffinityTotals) {
    for index in transitions.indices where other.transitions.indices.contains(index) {
      transitions[index].tokens += other.transitions[index].tokens
      transitions[index].batches += other.transitions[index].batches
      for pair in transitions[index].weights.indices {
        transitions[index].weights[pair] += other.transitions[index].weights[pair]
      }
    }
  }
}
