import BallastControl
import Testing

@Suite struct LoadEstimateTests {
  @Test func leftOutTheAverageIsTheOnlyScenarioAndImportanceIsEven() {
    let estimate = LoadEstimate(tokensPerBatch: [[4, 0, 8, 0], [1, 1, 1, 1]])
    #expect(estimate.scenarios.map(\.tokensPerBatch) == [estimate.tokensPerBatch])
    #expect(estimate.scenarios.map(\.weight) == [1])
    #expect(estimate.importance == [[0.25, 0.25, 0.25, 0.25], [0.25, 0.25, 0.25, 0.25]])
  }

  @Test func whatIsStatedIsKept() {
    let scenario = LoadScenario(tokensPerBatch: [[1, 2]], weight: 3)
    let estimate = LoadEstimate(tokensPerBatch: [[4, 0]], scenarios: [scenario], importance: [[0.9, 0.1]])
    #expect(estimate.scenarios.map(\.tokensPerBatch) == [[[1, 2]]])
    #expect(estimate.importance == [[0.9, 0.1]])
  }
}
