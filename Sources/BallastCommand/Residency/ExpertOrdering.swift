import BallastControl
import BallastRuntime

/// A way to say which experts stay when a part of them may.
enum ExpertOrdering: String, CaseIterable {
  /// A seeded shuffle.
  case random
  /// By the tokens that chose them, as many of each layer.
  case frequency
  /// By the sum of their gate weights, as many of each layer.
  case gateScore
  /// By the one-pass score of EASY-EP, as many of each layer.
  case importance
  /// By that score's share of its layer, over all layers: what the planner does.
  case needed

  /// What a legend calls it.
  var name: String {
    switch self {
    case .random: "random"
    case .frequency: "frequency"
    case .gateScore: "gate score"
    case .importance: "EASY-EP"
    case .needed: "EASY-EP, over all layers"
    }
  }

  /// The experts that stay, `[layer]`, when `count` of all may.
  func residents(_ calibration: Calibration, count: Int, seed: UInt64) -> [Set<Int>] {
    let scores = scores(calibration, seed: seed)
    guard self == .needed else { return Self.ofEachLayer(scores, count: count) }
    let shares = scores.map { row in
      let total = row.reduce(0, +)
      return row.map { total > 0 ? $0 / total : 0 }
    }
    return Self.ofAllLayers(shares, count: count)
  }

  private func scores(_ calibration: Calibration, seed: UInt64) -> [[Double]] {
    switch self {
    case .random:
      var random = SplitMix64(seed: seed)
      return calibration.use.tokens.map { $0.map { _ in Double(random.next() >> 11) } }
    case .frequency: return calibration.use.tokens
    case .gateScore: return calibration.use.gates
    case .importance, .needed: return calibration.importance
    }
  }

  /// The highest of each layer; a count that does not divide gives the first layers one more.
  private static func ofEachLayer(_ scores: [[Double]], count: Int) -> [Set<Int>] {
    scores.enumerated().map { layer, row in
      let own = count / scores.count + (layer < count % scores.count ? 1 : 0)
      return Set(row.indices.sorted { (row[$1], $0) < (row[$0], $1) }.prefix(own))
    }
  }

  private static func ofAllLayers(_ scores: [[Double]], count: Int) -> [Set<Int>] {
    let places = scores.indices.flatMap { layer in scores[layer].indices.map { (layer: layer, expert: $0) } }
    let order = places.indices.sorted {
      let (first, second) = (places[$0], places[$1])
      return (scores[second.layer][second.expert], $0) < (scores[first.layer][first.expert], $1)
    }
    var residents = Array(repeating: Set<Int>(), count: scores.count)
    for place in order.prefix(count) { residents[places[place].layer].insert(places[place].expert) }
    return residents
  }
}
