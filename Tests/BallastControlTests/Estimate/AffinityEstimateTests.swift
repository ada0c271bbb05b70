import BallastControl
import BallastRuntime
import Testing

@Suite struct AffinityEstimateTests {
  private func totals(_ weights: [Double], tokens: Double, batches: Double) -> AffinityTotals {
    AffinityTotals(
      expertsPerLayer: 2,
      transitions: [
        AffinityTotals.Transition(
          from: LayerID(0), to: LayerID(1), weights: weights, tokens: tokens, batches: batches)
      ])
  }

  @Test func isTokensOfAMeanBatch() throws {
    // 8 tokens were looked at of 40 in 2 batches.
    let estimate = AffinityEstimate(totals([4, 0, 2, 2], tokens: 40, batches: 2))
    #expect(estimate.transitions[0].tokens == [10, 0, 5, 5])
    #expect(AffinityEstimate(totals([0, 0, 0, 0], tokens: 0, batches: 0)).transitions[0].tokens == [0, 0, 0, 0])
  }

  @Test func olderTicksCountLess() throws {
    var estimator = AffinityEstimator(halfLifeTicks: 1)
    let nothing = estimator.estimate(totals([0, 0, 0, 0], tokens: 0, batches: 0))
    #expect(nothing == nil)
    _ = estimator.estimate(totals([4, 0, 0, 0], tokens: 4, batches: 1))
    let seen = estimator.estimate(totals([4, 4, 0, 0], tokens: 8, batches: 2))
    let second = try #require(seen)
    #expect(second.transitions[0].tokens[1] == 2 * second.transitions[0].tokens[0])
    // A tick without samples changes nothing.
    let again = estimator.estimate(totals([4, 4, 0, 0], tokens: 8, batches: 2))
    #expect(again == second)
    estimator.halfLifeTicks = 0
    let last = estimator.estimate(totals([4, 4, 0, 4], tokens: 12, batches: 3))
    let newest = try #require(last)
    #expect(newest.transitions[0].tokens == [0, 0, 0, 4])
  }

  @Test func aBatchIsOneRounds() {
    // Two steps of 30 tokens through layers of 3 rounds: each layer sees 2 transitions a step, and one leaves it.
    let totals = AffinityTotals(
      expertsPerLayer: 1, roundsPerLayer: 3,
      transitions: [
        .init(from: LayerID(0), to: LayerID(1), weights: [60], tokens: 60, batches: 2),
        .init(from: LayerID(0), to: LayerID(0), weights: [120], tokens: 120, batches: 4),
      ])
    let estimate = AffinityEstimate(totals)
    #expect(estimate.roundsPerLayer == 3)
    #expect(estimate.transitions.map { $0.tokens[0].rounded() } == [10, 20])
  }
}
