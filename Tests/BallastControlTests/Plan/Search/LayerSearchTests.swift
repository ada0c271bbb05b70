import Testing

@testable import BallastControl

@Suite struct LayerSearchTests {
  private let start = ReplicaSearch(
    start: [0, 1, 2, 3, 4, 5], kept: [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2), (5, 2)], experts: 6,
    speeds: [1, 1, 1], loads: [[60, 40, 20, 15, 10, 5]], weights: [1])

  @Test func stepsGainWhatTheySay() {
    var search = LayerSearch(start)
    search.run(price: 0, rounds: 20)
    #expect(!search.steps.isEmpty)
    #expect(search.steps.allSatisfy { $0.gain > 0 })
    #expect(search.steps.reduce(0) { $0 + $1.gain } < start.score - 1 + 1e-3)
  }

  @Test func whatDoesNotPayIsNotDone() {
    var search = LayerSearch(start)
    search.run(price: 1, rounds: 20)
    #expect(search.steps.isEmpty)
  }
}
