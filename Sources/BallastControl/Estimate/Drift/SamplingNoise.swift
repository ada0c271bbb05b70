import Glibc

/// What two samples of one load are expected to differ by, expert by expert.
struct SamplingNoise {
  // Algorithm: of the c tokens an expert has in both samples together, each is equally likely to stand in either
  // place of the pool, so the window's part is binomial with c trials and the window's share of the pool.
  /// Tokens of the window.
  let window: Double
  /// Tokens of the reference.
  let reference: Double
  private let share: Double
  /// Where the smaller part is expected to be larger than this, the leading order of the divergence is near enough.
  private static let summedTokens = 12.0

  /// The noise between two samples of these sizes; nil when one is empty or no number.
  init?(window: Double, reference: Double) {
    guard window > 0, reference > 0, (window + reference).isFinite else { return nil }
    self.window = window
    self.reference = reference
    share = window / (window + reference)
  }

  /// The expected distance of an expert's two shares, of `tokens` in both samples together.
  func distance(_ tokens: Double) -> Double {
    // The mean deviation of a binomial, by de Moivre: 2 · (1 − p) · k · P(k) at the first whole k above the mean.
    let next = (tokens * share).rounded(.down) + 1
    guard next <= tokens else { return 2 * tokens * share * (1 - share) * scale }
    let chance = exp(
      lgamma(tokens + 1) - lgamma(next + 1) - lgamma(tokens - next + 1) + next * log(share)
        + (tokens - next) * log(1 - share))
    return 2 * (1 - share) * next * chance * scale
  }

  /// The expected part of an expert in the divergence, in bits, of a whole number of tokens in both together.
  func divergence(_ tokens: Double) -> Double {
    let rare = min(share, 1 - share)
    let mean = tokens * rare
    guard mean <= Self.summedTokens else { return scale / (8 * log(2)) }
    // The smaller part is summed over as far as it is likely to go.
    let sizes = share <= 0.5 ? (window, reference) : (reference, window)
    var chance = exp(tokens * log(1 - rare))
    var expected = 0.0
    var part = 0.0
    while part <= min(tokens, mean + 8 * mean.squareRoot() + 8) {
      expected += chance * Self.divergence(part / sizes.0, (tokens - part) / sizes.1)
      chance *= (tokens - part) / (part + 1) * rare / (1 - rare)
      part += 1
    }
    return expected
  }

  /// An expert's part in the Jensen-Shannon divergence of two shares, in bits.
  static func divergence(_ one: Double, _ other: Double) -> Double {
    let middle = (one + other) / 2
    func part(_ share: Double) -> Double { share > 0 ? share / 2 * log2(share / middle) : 0 }
    return middle > 0 ? part(one) + part(other) : 0
  }

  /// One token more in the window and one less in the reference moves the shares apart by this.
  private var scale: Double { 1 / window + 1 / reference }
}
