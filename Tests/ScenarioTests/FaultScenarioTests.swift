import BallastControl
import BallastRuntime
import BallastSimulator
import Testing

@Suite struct FaultScenarioTests {
  @Test(arguments: [1] as [UInt64])
  func aDeviceThatCannotStageStopsNeitherServingNorLaterPlans(seed: UInt64) async throws {
    var served = try await ServedModel(exponent: 1, seed: seed)
    let before = served.cluster.memory.map(\.replicaBytes)
    served.cluster.inject(.stagingsUnreliable(share: 1, .deviceLost(DeviceID(3))))
    try await served.run(ticks: 8)
    let failed = served.balancer.statistics
    #expect(served.cluster.readings.batches == 8 * ServedModel.batchesPerTick, "seed \(seed)")
    #expect(failed.plansAbandoned > 1, "seed \(seed)")
    #expect(failed.plansPublished == 0)
    #expect(failed.tableVersion == 0)
    #expect(failed.memory.map(\.replicaBytes) == before, "seed \(seed)")

    served.cluster.inject(.stagingsUnreliable(share: 0, .cancelled))
    try await served.run(ticks: 12)
    #expect(served.imbalance(16..<20) < 1.15, "seed \(seed): \(served.imbalance(16..<20))")
    try served.checkBudget()
  }

  @Test(arguments: [1, 2] as [UInt64])
  func stagingThatFailsNowAndThenLeavesNothingBehind(seed: UInt64) async throws {
    var served = try await ServedModel(exponent: 1, seed: seed)
    served.cluster.inject(.stagingsUnreliable(share: 0.3, .deviceLost(DeviceID(1))))
    for _ in 0..<16 {
      try await served.tick()
      let statistics = served.balancer.statistics
      guard served.ticks.last?.event.isRetiring == false else { continue }
      // Exactly what the table names is held.
      #expect(
        statistics.memory.map(\.replicaBytes)
          == statistics.placement.bytesPerDevice(shape: served.cluster.shape, devices: 4),
        "seed \(seed)")
    }
    #expect(served.balancer.statistics.plansAbandoned > 0, "seed \(seed)")
    #expect(served.balancer.statistics.plansPublished > 0, "seed \(seed)")
    #expect(served.cluster.readings.batches == 16 * ServedModel.batchesPerTick)
    try served.checkBudget()
  }

  @Test func aLostDeviceIsAnErrorOfTheBatchAndServingGoesOnOnceItIsBack() async throws {
    var served = try await ServedModel(exponent: 1, seed: 1)
    try await served.run(ticks: 3)
    served.cluster.inject(.deviceLost(DeviceID(0)))
    var errors = 0
    do { try served.serveBatch() } catch ExecutionError.deviceLost(DeviceID(0)) { errors += 1 }
    #expect(errors == 1)
    let event = try #require(await served.balancer.tick(at: .seconds(100)))
    #expect(event.tick == 3)
    served.cluster.restore(DeviceID(0))
    try await served.run(ticks: 3)
    try served.checkBudget()
  }
}
