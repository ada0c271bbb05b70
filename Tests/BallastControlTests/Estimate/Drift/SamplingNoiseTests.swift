import Testing

@testable import BallastControl

@Suite struct SamplingNoiseTests {
  /// The mean of a figure over every way to divide the tokens, each standing in the window with chance `share`.
  private func mean(_ tokens: Int, share: Double, _ figure: (_ inWindow: Double, _ inReference: Double) -> Double)
    -> Double
  {
    (0..<1 << tokens).reduce(0) { sum, pattern in
      let part = pattern.nonzeroBitCount
      let chance = (0..<tokens).reduce(1.0) { $0 * (pattern >> $1 & 1 == 1 ? share : 1 - share) }
      return sum + chance * figure(Double(part), Double(tokens - part))
    }
  }

  @Test(arguments: [(30.0, 90.0), (50, 50), (400, 20)]) func expectationsAreMeansOverEveryDivision(
    window: Double, reference: Double
  ) throws {
    let noise = try #require(SamplingNoise(window: window, reference: reference))
    for tokens in 1...11 {
      let share = window / (window + reference)
      let distance = mean(tokens, share: share) { abs($0 / window - $1 / reference) }
      #expect(abs(noise.distance(Double(tokens)) / distance - 1) < 1e-9, "\(tokens) tokens")
      let divergence = mean(tokens, share: share) { SamplingNoise.divergence($0 / window, $1 / reference) }
      #expect(abs(noise.divergence(Double(tokens)) / divergence - 1) < 1e-3, "\(tokens) tokens")
    }
  }

  @Test func manyTokensFollowTheLeadingOrder() throws {
    let noise = try #require(SamplingNoise(window: 2000, reference: 1000))
    #expect(abs(noise.divergence(37) / noise.divergence(36) - 1) < 0.05)
    #expect(noise.divergence(1e6) == noise.divergence(1e9))
  }

  @Test func divergenceIsAnEntropy() {
    #expect(SamplingNoise.divergence(0, 0) == 0)
    #expect(SamplingNoise.divergence(0.3, 0.3) == 0)
    #expect(SamplingNoise.divergence(0.4, 0) == 0.2)
    #expect(SamplingNoise.divergence(0, 0.4) == 0.2)
  }

  @Test func emptySamplesHaveNoNoise() {
    #expect(SamplingNoise(window: 0, reference: 3) == nil)
    #expect(SamplingNoise(window: 3, reference: -1) == nil)
    #expect(SamplingNoise(window: .infinity, reference: 1) == nil)
    #expect(SamplingNoise(window: .nan, reference: 1) == nil)
  }
}
