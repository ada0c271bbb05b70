/// Sums of what was counted between snapshots, each weighing half as much with every half-life of its age.
struct FadedLoad: Sendable {
  private var counts: [Double] = []
  private var weights = 0.0
  /// Time since the first snapshot.
  private(set) var time = Duration.zero

  /// Nothing counted yet.
  init() {}

  /// The weights of all slides together, at least 1; 0 before the first.
  var slides: Int { weights > 0 ? max(1, Int(min(weights, 0x1p52).rounded())) : 0 }

  /// Lets what is there fade and adds what was counted since.
  mutating func add(from last: LoadSnapshot, to newest: LoadSnapshot, halfLife: Duration) {
    let passed = max(newest.time - last.time, .zero)
    let difference = newest.totals.since(last.totals).counts
    let weight = Self.weight(age: passed, halfLife: halfLife)
    if counts.count != difference.count { counts = Array(repeating: 0, count: difference.count) }
    for index in counts.indices { counts[index] = counts[index] * weight + Double(difference[index]) }
    weights = weights * weight + 1
    time += passed
  }

  /// The sums as whole numbers; nil before the first slide.
  func totals(like totals: LoadTotals) -> LoadTotals? {
    guard weights > 0 else { return nil }
    var rounded = LoadTotals(
      layers: totals.layers, expertsPerLayer: totals.expertsPerLayer, roundsPerLayer: totals.roundsPerLayer)
    for index in counts.indices { rounded.counts[index] = UInt64(min(counts[index], 0x1p62).rounded()) }
    return rounded
  }

  /// 2 to the power of −age / half-life; what is older than 64 half-lives weighs nothing.
  private static func weight(age: Duration, halfLife: Duration) -> Double {
    let halfLives = age / halfLife
    guard halfLife > .zero, halfLives < 64 else { return 0 }
    let whole = Int(halfLives)
    // e to the power of −ln 2 times what is left, as its series.
    let exponent = -0.693_147_180_559_945_3 * (halfLives - Double(whole))
    var term = 1.0
    var sum = 1.0
    for degree in 1...16 {
      term *= exponent / Double(degree)
      sum += term
    }
    return Double(sign: .plus, exponent: -whole, significand: sum)
  }
}
