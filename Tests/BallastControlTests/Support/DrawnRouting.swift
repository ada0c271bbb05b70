import BallastRuntime

/// Draws the tokens of experts from shares that stay as they are.
struct DrawnRouting {
  private let sums: [Double]
  private var random: SeededRandom
  /// Experts that a token chooses together: the drawn one and those that follow it.
  private let together: Int

  /// Zipf's law over `experts`, or groups of `together` experts, the first the most popular.
  init(experts: Int, exponent: Double = 1, together: Int = 1, seed: UInt64) {
    self.together = together
    var sum = 0.0
    sums = (1...experts / together).map { rank in
      var share = 1.0
      for _ in 0..<Int(exponent) { share /= Double(rank) }
      sum += share
      return sum
    }
    random = SeededRandom(seed: seed)
  }

  /// Tokens of each expert; `first` is the expert that comes first in popularity.
  mutating func tokens(_ count: Int, first: Int = 0) -> [Double] {
    var tokens = Array(repeating: 0.0, count: sums.count * together)
    for _ in 0..<count {
      let draw = Double.random(in: 0..<(sums.last ?? 1), using: &random)
      var low = 0
      var high = sums.count - 1
      while low < high {
        let middle = (low + high) / 2
        if sums[middle] > draw { high = middle } else { low = middle + 1 }
      }
      for member in 0..<together { tokens[(low * together + member + first) % tokens.count] += 1 }
    }
    return tokens
  }

  /// One window of every layer, added to `totals`; layers are equal when `isShared`.
  mutating func add(_ count: Int, first: Int = 0, isShared: Bool = false, to totals: inout LoadTotals) {
    var shared: [Double]?
    for layer in 0..<totals.layers {
      let drawn = shared ?? tokens(count, first: first)
      if isShared { shared = drawn }
      totals.add(drawn.map { Int($0) }, tokens: count, phase: .prefill, layer: LayerID(layer))
    }
  }
}
