import Ballast
import BallastControl
import BallastRuntime
import BallastSimulator
import Testing

@Suite struct LostDeviceScenarioTests {
  /// Serves a batch until it is done; a batch that met a lost device is tried again after the next tick.
  private static func serve(_ served: inout ServedModel, failures: inout Int) async throws {
    for _ in 0..<8 {
      do {
        try served.serveBatch()
        return
      } catch ExecutionError.deviceLost {
        failures += 1
        await served.balancer.tick(at: .seconds(1000 + failures))
      }
    }
    Issue.record("a batch was never served")
  }

  @Test(arguments: [1, 2] as [UInt64])
  func aLostDeviceIsServedAroundAndComesBack(seed: UInt64) async throws {
    var served = try await ServedModel(
      exponent: 0.8, seed: seed, configuration: ServedModel.adaptive(memoryBudgetShare: 2.5))
    try await served.run(ticks: 12)
    let balanced = served.imbalance(8..<12)
    let batchesBefore = served.cluster.readings.batches

    served.cluster.inject(.deviceLost(DeviceID(2)))
    try served.balancer.lose(DeviceID(2))
    #expect(served.balancer.devices == [.serving, .serving, .lost, .serving])
    var failures = 0
    for _ in 0..<4 { try await Self.serve(&served, failures: &failures) }
    // One tick is enough: from then on no batch meets the device.
    #expect(failures <= 1, "seed \(seed)")
    #expect(served.cluster.readings.batches == batchesBefore + 4, "seed \(seed)")
    try await served.run(ticks: 12)
    let placement = served.balancer.statistics.placement
    #expect(placement.layers.allSatisfy { $0.replicas.allSatisfy { $0.device.index != 2 } }, "seed \(seed)")
    try served.checkBudget()
    // Three devices share what four did: a perfect balance of them is 4/3 by the mean over four.
    #expect(served.imbalance(20..<24) < 4.0 / 3 * 1.15, "seed \(seed): \(served.imbalance(20..<24))")

    served.cluster.replace(DeviceID(2))
    try served.balancer.restore(DeviceID(2))
    try await served.run(ticks: 16)
    #expect(served.balancer.statistics.placement.layers[0].replicas.contains { $0.device.index == 2 }, "seed \(seed)")
    #expect(
      served.imbalance(36..<40) < max(balanced * 1.1, 1.15), "seed \(seed): \(served.imbalance(36..<40)) \(balanced)")
    try served.checkBudget()
  }

  @Test func aLostDeviceIsMaskedBeforeTheNextTick() async throws {
    let served = try await ServedModel(
      exponent: 0.8, seed: 1, configuration: ServedModel.adaptive(memoryBudgetShare: 2.5))
    // Its experts have no other copy yet, so the table must keep it.
    try served.balancer.lose(DeviceID(2))
    #expect(served.balancer.table.maskedDevices.isEmpty)
    await served.balancer.tick(at: .seconds(1))
    #expect(served.balancer.table.maskedDevices == [DeviceID(2)])
    // Now it holds nothing: coming back and going again takes no tick.
    try served.balancer.restore(DeviceID(2))
    #expect(served.balancer.table.maskedDevices.isEmpty)
    try served.balancer.lose(DeviceID(2))
    #expect(served.balancer.table.maskedDevices == [DeviceID(2)])
  }

  @Test func aDrainedDeviceServesUntilItIsEmpty() async throws {
    var served = try await ServedModel(
      exponent: 0.8, seed: 1, configuration: ServedModel.adaptive(memoryBudgetShare: 2.5))
    try await served.run(ticks: 2)
    try served.balancer.drain(DeviceID(1))
    for _ in 0..<4 { try await served.tick() }
    #expect(served.cluster.memory[1].replicaBytes == 0)
    #expect(served.ticks.contains { $0.event.decision == .rehome })
    try served.checkBudget()
  }

  @Test func withoutRoomADrainedDeviceKeepsLastCopies() async throws {
    var served = try await ServedModel(
      exponent: 0.8, seed: 1, configuration: ServedModel.adaptive(memoryBudgetShare: 1.5))
    let before = served.balancer.statistics.placement
    try served.balancer.drain(DeviceID(0))
    try served.balancer.drain(DeviceID(1))
    try served.balancer.drain(DeviceID(2))
    try await served.tick()
    let decision = try #require(served.ticks.last?.event.decision)
    guard case .hold(.cannotRehome(.lastCopyCannotLeave)) = decision else {
      Issue.record("\(decision)")
      return
    }
    #expect(served.balancer.statistics.placement == before)
    try served.serveBatch()
  }

  @Test func whatCannotBeIsRefused() async throws {
    let served = try await ServedModel(exponent: 0.8, seed: 1)
    #expect(throws: BalancerError.unknownDevice(DeviceID(7), devices: 4)) { try served.balancer.lose(DeviceID(7)) }
    for device in 0..<3 { try served.balancer.lose(DeviceID(device)) }
    #expect(throws: BalancerError.devices(.noDeviceLeft(devices: 4))) { try served.balancer.lose(DeviceID(3)) }
    #expect(served.balancer.devices.last == .serving)
  }
}
