import BallastRuntime

/// A skewed load of the published evaluation of least-loaded expert parallelism (arXiv 2601.17111).
public struct BorrowingScenario: Hashable, Codable, Sendable {
  /// The share of all tokens that goes to the hot experts.
  public let share: Double
  /// The hot experts, which are the first ones.
  public let hotExperts: Int
  /// The layer speed-up the paper reports on 8 accelerators.
  public let publishedSpeedUp: Double

  /// The ten scenarios the paper's reference values are computed for.
  public static let published: [BorrowingScenario] = [
    BorrowingScenario(share: 0.30, hotExperts: 16, publishedSpeedUp: 1.73),
    BorrowingScenario(share: 0.30, hotExperts: 4, publishedSpeedUp: 2.09),
    BorrowingScenario(share: 0.30, hotExperts: 1, publishedSpeedUp: 2.41),
    BorrowingScenario(share: 0.50, hotExperts: 4, publishedSpeedUp: 3.05),
    BorrowingScenario(share: 0.50, hotExperts: 1, publishedSpeedUp: 3.48),
    BorrowingScenario(share: 0.80, hotExperts: 4, publishedSpeedUp: 4.47),
    BorrowingScenario(share: 0.80, hotExperts: 1, publishedSpeedUp: 5.26),
    BorrowingScenario(share: 0.95, hotExperts: 16, publishedSpeedUp: 5.19),
    BorrowingScenario(share: 0.95, hotExperts: 4, publishedSpeedUp: 5.22),
    BorrowingScenario(share: 0.95, hotExperts: 1, publishedSpeedUp: 6.11),
  ]

  /// `[expert]`: how many of `choices` each gets; what does not divide goes to the first.
  func loads(experts: Int, choices: Int) -> [Int] {
    let hot = Int((Double(choices) * share).rounded())
    return (0..<experts).map { expert in
      let isHot = expert < hotExperts
      let count = isHot ? hotExperts : experts - hotExperts
      let place = isHot ? expert : expert - hotExperts
      let tokens = isHot ? hot : choices - hot
      return tokens / count + (place < tokens % count ? 1 : 0)
    }
  }
}
