import Testing

@testable import BallastOperations

@Suite struct BorrowingScenarioTests {
  @Test func loadsAddUpAndTheHotComeFirst() {
    for scenario in BorrowingScenario.published {
      let loads = scenario.loads(experts: 128, choices: 100_003)
      #expect(loads.reduce(0, +) == 100_003)
      let hot = loads.prefix(scenario.hotExperts).reduce(0, +)
      #expect(abs(Double(hot) - scenario.share * 100_003) <= 0.5)
      #expect((loads.max() ?? 0) - (loads.prefix(scenario.hotExperts).min() ?? 0) <= 1)
    }
  }
}
