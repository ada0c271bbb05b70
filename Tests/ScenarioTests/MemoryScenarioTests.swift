import BallastControl
import BallastSimulator
import Testing

@Suite struct MemoryScenarioTests {
  /// From a budget that just holds the model at int8 with its reserve, to one that holds copies.
  @Test(arguments: [1.0, 1.25, 2])
  func theBudgetIsKeptAtEveryInstantAndTheReserveFreeBetweenPlans(share: Double) async throws {
    let configuration = ServedModel.adaptive(memoryBudgetShare: share)
    var served = try await ServedModel(exponent: 1, seed: 9, shiftTick: 8, configuration: configuration)
    let reserve = 2 * 2_000_000
    for _ in 0..<14 {
      try await served.tick()
      let statistics = served.balancer.statistics
      guard served.ticks.last?.event.isRetiring == false else { continue }
      for (memory, budget) in zip(statistics.memory, statistics.budgetBytesPerDevice) {
        #expect(memory.replicaBytes <= budget - reserve, "share \(share)")
      }
    }
    #expect(served.balancer.statistics.budgetBytesPerDevice.reduce(0, +) == Int(share * 32_000_000))
    try served.checkBudget()
  }
}
