/// Sums how often sampled tokens go from an expert of one layer to an expert of the next, or from round to round.
///
/// A token that chose several experts counts for every pair of them, by the product of their gate weights, and 1 in
/// all. Memory is lanes · pairs of layers · experts² words, so few lanes are given a row; the others sample nothing.
public final class AffinityCounters: Sendable {
  // Concurrency: as `LoadCounters`; a word holds the bit pattern of a Double.
  /// Two pools of experts that tokens pass one after the other.
  public struct Pair: Hashable, Sendable {
    /// The layer tokens come from.
    public var from: LayerID
    /// The layer they go to; the same one when its experts are passed several times.
    public var to: LayerID

    /// Names two layers.
    public init(from: LayerID, to: LayerID) {
      self.from = from
      self.to = to
    }
  }

  /// Tokens of a sampled batch that are looked at, spread over the batch.
  static let tokensPerSample = 64

  private let rows: AtomicRows
  private let columnsPerPair: Int
  /// Experts in each layer.
  public let expertsPerLayer: Int
  /// Rounds of each layer.
  public let roundsPerLayer: Int
  /// The pairs of layers looked at.
  public let pairs: [Pair]
  /// Lanes that have a row.
  public var lanes: Int { rows.rows }

  /// Sums at zero.
  public init(lanes: Int, expertsPerLayer: Int, roundsPerLayer: Int = 1, pairs: [Pair]) {
    self.expertsPerLayer = expertsPerLayer
    self.roundsPerLayer = roundsPerLayer
    self.pairs = pairs
    columnsPerPair = expertsPerLayer * expertsPerLayer + 2
    rows = AtomicRows(rows: lanes, columns: pairs.count * columnsPerPair)
  }

  /// Sums at zero for every layer and the one after it, and for every layer of several rounds and itself.
  public convenience init(lanes: Int, shape: ModelShape) {
    let layers = (0..<shape.layers).map { LayerID($0) }
    self.init(
      lanes: lanes, expertsPerLayer: shape.expertsPerLayer, roundsPerLayer: shape.roundsPerLayer,
      pairs: zip(layers, layers.dropFirst()).map { Pair(from: $0, to: $1) }
        + (shape.roundsPerLayer > 1 ? layers.map { Pair(from: $0, to: $0) } : []))
  }

  /// Where a pair of layers stands in `pairs`; nil when it is not looked at.
  func pair(from: LayerID, to: LayerID) -> Int? {
    // Pairs of neighbouring layers stand at the layer they come from.
    let guess = pairs.indices.contains(from.index) ? from.index : 0
    let wanted = Pair(from: from, to: to)
    if pairs.indices.contains(guess), pairs[guess] == wanted { return guess }
    return pairs.firstIndex(of: wanted)
  }

  /// Adds a batch of `tokens` tokens.
  func addBatch(pair: Int, tokens: Int, lane: Int) {
    add(Double(tokens), pair * columnsPerPair + expertsPerLayer * expertsPerLayer, lane)
    add(1, pair * columnsPerPair + expertsPerLayer * expertsPerLayer + 1, lane)
  }

  /// Adds part of a token that went from one expert to another.
  func add(_ weight: Double, pair: Int, from: Int, to: Int, lane: Int) {
    add(weight, pair * columnsPerPair + from * expertsPerLayer + to, lane)
  }

  /// Sums over all lanes.
  ///
  /// - Complexity: O(lanes · pairs · experts²); never waits for a lane.
  public func totals() -> AffinityTotals {
    let square = expertsPerLayer * expertsPerLayer
    var transitions = pairs.map {
      AffinityTotals.Transition(from: $0.from, to: $0.to, weights: Array(repeating: 0, count: square))
    }
    for lane in 0..<rows.rows {
      for index in pairs.indices {
        let first = index * columnsPerPair
        for pair in 0..<square { transitions[index].weights[pair] += sum(first + pair, lane) }
        transitions[index].tokens += sum(first + square, lane)
        transitions[index].batches += sum(first + square + 1, lane)
      }
    }
    return AffinityTotals(
      expertsPerLayer: expertsPerLayer, roundsPerLayer: roundsPerLayer, transitions: transitions)
  }

  private func add(_ amount: Double, _ word: Int, _ lane: Int) {
    rows.set((sum(word, lane) + amount).bitPattern, row: lane, column: word)
  }

  private func sum(_ word: Int, _ lane: Int) -> Double { Double(bitPattern: rows.value(row: lane, column: word)) }
}
