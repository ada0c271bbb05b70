import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct RoutingDriftTests {
  private func limits(layers: Int, usual: Double = 1) -> DriftLimits {
    DriftLimits(
      chance: 0.001, choicesPerToken: 1, usual: usual, usualByLayer: Array(repeating: usual, count: layers),
      neighbours: 8)
  }

  @Test func layersAreMeansAndTheWorstDecides() throws {
    let even = Array(repeating: 100.0, count: 8)
    let moved = [400.0, 0, 0, 0, 100, 100, 100, 100]
    let none = Array(repeating: 0.0, count: 8)
    let drift = try #require(
      RoutingDrift(
        window: [even, moved, none], reference: [even, even, even],
        importance: Array(repeating: none, count: 3), limits: limits(layers: 3)))
    #expect(drift.layers.map(\.layer) == [LayerID(0), LayerID(1)])
    #expect(drift.driftedLayers == [LayerID(1)])
    #expect(drift.score > 1)
    #expect(abs(drift.overlap - (1 + drift.layers[1].overlap) / 2) < 1e-12)
    #expect(abs(drift.divergence - drift.layers[1].divergence / 2) < 1e-12)
    #expect(abs(drift.surprise - drift.layers[1].surprise / 2) < 1e-12)
    #expect(drift.risen.isEmpty)
  }

  @Test func whatIsUsualIsNoDrift() throws {
    let one = [150.0, 50, 140, 60]
    let other = [100.0, 100, 100, 100]
    let none = [[0.0, 0, 0, 0]]
    let strict = try #require(
      RoutingDrift(window: [one], reference: [other], importance: none, limits: limits(layers: 1)))
    let used = try #require(
      RoutingDrift(window: [one], reference: [other], importance: none, limits: limits(layers: 1, usual: 4)))
    #expect(strict.score > 1)
    #expect(used.score < 1)
    #expect(abs(strict.score / used.score - 4) < 1e-9)
  }

  @Test func withoutTokensThereIsNoDrift() {
    #expect(
      RoutingDrift(window: [[0, 0]], reference: [[1, 1]], importance: [[0, 0]], limits: limits(layers: 1)) == nil)
  }

  @Test func hotExpertsThatWereUnimportantAreNamedTheMostFirst() throws {
    let drift = try #require(
      RoutingDrift(
        window: [[50, 30, 10, 10], [10, 70, 10, 10], [97, 1, 1, 1]],
        reference: [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]],
        importance: [[10, 0, 5, 5], [1, 0, 1, 2], [0, 0, 0, 0]], limits: limits(layers: 3)))
    // Expert 0 of layer 0 is hot and important; nothing is known of layer 2.
    #expect(drift.risen.map(\.layer) == [LayerID(1), LayerID(0)])
    #expect(drift.risen.map(\.expert) == [ExpertID(1), ExpertID(1)])
    #expect(drift.risen.map(\.utilisation) == [0.7, 0.3])
    #expect(drift.risen.map(\.importance) == [0, 0])
  }
}
