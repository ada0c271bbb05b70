import BallastRuntime

/// A way to say which experts matter least.
enum ExpertRanking: String, CaseIterable {
  /// None: a seeded shuffle.
  case random
  /// Tokens that chose the expert.
  case frequency
  /// The sum of its gate weights.
  case gateScore
  /// The one-pass score of EASY-EP, which Ballast uses.
  case importance

  /// `[layer · experts + expert]`: the higher, the more it matters.
  func scores(_ calibration: Calibration, seed: UInt64) -> [Double] {
    switch self {
    case .random:
      var random = SplitMix64(seed: seed)
      return calibration.use.tokens.joined().map { _ in Double(random.next() >> 11) }
    case .frequency: return Array(calibration.use.tokens.joined())
    case .gateScore: return Array(calibration.use.gates.joined())
    case .importance: return Array(calibration.importance.joined())
    }
  }

  /// What a legend calls it.
  var name: String {
    switch self {
    case .random: "random"
    case .frequency: "frequency"
    case .gateScore: "gate score"
    case .importance: "importance (EASY-EP)"
    }
  }
}
