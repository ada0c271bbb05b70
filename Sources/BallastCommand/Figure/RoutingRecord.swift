import BallastRuntime

/// What a decoder's routers chose: how often, and where tokens went from round to round.
struct RoutingRecord {
  /// Tokens per layer, round and expert.
  private(set) var load: LoadTotals
  /// Transitions from layer to layer, then from round to round of each layer.
  private(set) var affinity: AffinityTotals
  private let layers: Int
  private let rounds: Int
  /// Rounds met so far; each batch passes all layers and their rounds in order.
  private var met = 0
  /// `[token]`: the experts chosen last, and the token's share of each.
  private var last: [[(expert: Int, share: Double)]] = []

  /// Nothing chosen yet.
  init(_ shape: ModelShape) {
    layers = shape.layers
    rounds = shape.roundsPerLayer
    load = LoadTotals(layers: shape.layers, expertsPerLayer: shape.expertsPerLayer, roundsPerLayer: rounds)
    let ids = (0..<shape.layers).map { LayerID($0) }
    let pairs = zip(ids, ids.dropFirst()).map { ($0, $1) } + ids.map { ($0, $0) }
    affinity = AffinityTotals(
      expertsPerLayer: shape.expertsPerLayer, roundsPerLayer: rounds,
      transitions: pairs.map {
        .init(
          from: $0, to: $1, weights: Array(repeating: 0, count: shape.expertsPerLayer * shape.expertsPerLayer))
      })
  }

  /// Adds what the next router chose.
  mutating func add(_ selection: Selection) {
    let (layer, round) = (met % (layers * rounds)).quotientAndRemainder(dividingBy: rounds)
    met += 1
    var counts = Array(repeating: 0, count: load.expertsPerLayer)
    for expert in selection.experts { counts[Int(expert)] += 1 }
    load.add(
      counts, tokens: selection.tokenCount, phase: .prefill, layer: LayerID(layer), round: RoundID(round))
    let next = (0..<selection.tokenCount).map { token in
      let choices = selection.assignments(of: token)
      let sum = selection.gates[choices].reduce(0) { $0 + Double($1) }
      return choices.map { choice in
        (Int(selection.experts[choice]), sum > 0 ? Double(selection.gates[choice]) / sum : 1 / Double(choices.count))
      }
    }
    // Transitions between layers stand first, those within a layer after them.
    if round > 0 { count(layers - 1 + layer, next) } else if layer > 0 { count(layer - 1, next) }
    last = next
  }

  private mutating func count(_ transition: Int, _ next: [[(expert: Int, share: Double)]]) {
    affinity.transitions[transition].tokens += Double(next.count)
    affinity.transitions[transition].batches += 1
    for (sources, targets) in zip(last, next) {
      for source in sources {
        for target in targets {
          affinity.transitions[transition].weights[source.expert * load.expertsPerLayer + target.expert] +=
            source.share * target.share
        }
      }
    }
  }
}
