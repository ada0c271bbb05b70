import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct LayerDriftTests {
  private func drift(_ window: [Double], _ reference: [Double]) throws -> LayerDrift {
    try #require(LayerDrift(LayerID(3), window: window, reference: reference))
  }

  @Test func identicalRoutingOverlapsWhollyAndDivergesByNothing() throws {
    for tokens in [[3, 4, 5], [1, 0, 0], [1000, 2000, 0.5]] as [[Double]] {
      let same = try drift(tokens, tokens)
      #expect(same.layer == LayerID(3))
      #expect(same.overlap == 1)
      #expect(same.divergence == 0)
      #expect(same.surprise <= 1e-12)
    }
    #expect(try drift([10, 20, 30], [100, 200, 300]).overlap == 1)
  }

  @Test func disjointRoutingOverlapsInNothing() throws {
    for (one, other) in [([5, 7, 0, 0], [0, 0, 2, 9]), ([9000, 0], [0, 30])] as [([Double], [Double])] {
      let apart = try drift(one, other)
      #expect(abs(apart.overlap) < 1e-12)
      #expect(abs(apart.divergence - 1) < 1e-12)
    }
  }

  @Test func withoutTokensThereIsNothingToCompare() {
    #expect(LayerDrift(LayerID(0), window: [0, 0], reference: [1, 2]) == nil)
    #expect(LayerDrift(LayerID(0), window: [1, 2], reference: [0, 0]) == nil)
    #expect(LayerDrift(LayerID(0), window: [], reference: []) == nil)
    #expect(LayerDrift(LayerID(0), window: [1, .infinity], reference: [1, 2]) == nil)
    #expect(LayerDrift(LayerID(0), window: [1], reference: [1, 2]) == nil)
  }

  /// What chance makes is taken off, whether an expert has a thousand tokens or one.
  @Test(arguments: [60, 300, 6000], [60, 1000]) func samplesOfOneLoadOverlapAndDoNotDiverge(
    window: Int, reference: Int
  ) throws {
    var routing = DrawnRouting(experts: 48, seed: UInt64(window + reference))
    var overlap = 0.0
    var surprise = 0.0
    var raw = 0.0
    var expected = 0.0
    let resamples = 200
    for _ in 0..<resamples {
      let one = routing.tokens(window)
      let other = routing.tokens(reference)
      let found = try drift(one, other)
      overlap += found.overlap / Double(resamples)
      surprise += found.surprise / Double(resamples)
      let noise = try #require(SamplingNoise(window: Double(window), reference: Double(reference)))
      for (tokens, before) in zip(one, other) where tokens + before > 0 {
        raw += SamplingNoise.divergence(tokens / Double(window), before / Double(reference))
        expected += noise.divergence(tokens + before)
      }
    }
    #expect(overlap > 0.95)
    #expect(abs(surprise - 1) < 0.06)
    #expect(abs(raw / expected - 1) < 0.05)
  }
}
