public import BallastRuntime
import Glibc

/// Where the tokens of a batch are expected to go from layer to layer, and from round to round.
public struct AffinityEstimate: Hashable, Sendable {
  /// What is expected between two layers.
  public struct Transition: Hashable, Sendable {
    /// The layer tokens come from.
    public var from: LayerID
    /// The layer they go to; the same one from round to round.
    public var to: LayerID
    /// `[expert of from · experts + expert of to]`: tokens of a batch, each divided over its pairs of choices.
    public var tokens: [Double]

    /// States what is expected.
    public init(from: LayerID, to: LayerID, tokens: [Double]) {
      self.from = from
      self.to = to
      self.tokens = tokens
    }
  }

  /// Experts in each layer.
  public let expertsPerLayer: Int
  /// Rounds of each layer.
  public let roundsPerLayer: Int
  /// The pairs of layers looked at.
  public let transitions: [Transition]

  /// States an estimate; every `tokens` has `expertsPerLayer²` values, none negative.
  public init(expertsPerLayer: Int, roundsPerLayer: Int = 1, transitions: [Transition]) {
    self.expertsPerLayer = expertsPerLayer
    self.roundsPerLayer = roundsPerLayer
    self.transitions = transitions
  }

  /// What `totals` make expect of a batch of the mean size seen.
  ///
  /// A batch is one round's: of the tokens of a layer of C rounds, one in C leaves it and the others come again.
  public init(_ totals: AffinityTotals) {
    let rounds = Double(totals.roundsPerLayer)
    self.init(
      expertsPerLayer: totals.expertsPerLayer, roundsPerLayer: totals.roundsPerLayer,
      transitions: totals.transitions.map { seen in
        let looked = seen.weights.reduce(0, +)
        let share = seen.from == seen.to ? (rounds - 1) / rounds : 1 / rounds
        let scale = looked > 0 && seen.batches > 0 ? share * seen.tokens / seen.batches / looked : 0
        return Transition(from: seen.from, to: seen.to, tokens: seen.weights.map { max(0, $0 * scale) })
      })
  }
}

/// Turns totals of transitions into an estimate, older ticks counting less.
public struct AffinityEstimator: Sendable {
  /// Ticks after which what was seen counts half; 0 takes the newest tick alone.
  public var halfLifeTicks: Double
  private var last: AffinityTotals?
  var average: AffinityTotals?

  /// An estimator that has seen nothing.
  public init(halfLifeTicks: Double) { self.halfLifeTicks = halfLifeTicks }

  /// Takes in what had been seen by now.
  ///
  /// - Returns: nil while no transition has been seen.
  /// - Complexity: O(pairs of layers · experts²).
  public mutating func estimate(_ totals: AffinityTotals) -> AffinityEstimate? {
    let fresh = last.map { totals.since($0) } ?? totals
    last = totals
    if fresh.transitions.contains(where: { $0.batches > 0 }) { blend(fresh) }
    guard let average, average.transitions.contains(where: { $0.batches > 0 }) else { return nil }
    return AffinityEstimate(average)
  }

  private mutating func blend(_ fresh: AffinityTotals) {
    guard let before = average, before.expertsPerLayer == fresh.expertsPerLayer, halfLifeTicks > 0 else {
      average = fresh
      return
    }
    let keep = exp2(-1 / halfLifeTicks)
    var blended = fresh
    for (index, old) in before.transitions.prefix(fresh.transitions.count).enumerated() {
      blended.transitions[index].tokens += keep * old.tokens
      blended.transitions[index].batches += keep * old.batches
      for pair in old.weights.indices { blended.transitions[index].weights[pair] += keep * old.weights[pair] }
    }
    average = blended
  }
}
