import Ballast
import BallastControl
import BallastRuntime
import BallastSimulator
import Testing

/// Experts that do not fit into memory: who is resident follows what the traffic needs.
@Suite struct ResidencyScenarioTests {
  private static func configuration(_ residency: ResidencyPolicy, share: Double = 0.5) -> BalancerConfiguration {
    var configuration = ServedModel.adaptive(memoryBudgetShare: share)
    configuration.planner.residency = residency
    configuration.planner.residencyHalfLifeTicks = 2
    configuration.planner.stagingReserveExperts = 1
    configuration.planner.leastPrecision = .bfloat16
    configuration.planner.moveBudgetShare = 0.5
    return configuration
  }

  /// Which experts have a replica in memory.
  private static func resident(_ balancer: Balancer) -> Set<Int> {
    let replicas = balancer.statistics.placement.layers[0].replicas
    return Set(replicas.filter { $0.residency == .resident }.map(\.expert.index))
  }

  /// Experts by tokens counted in these ticks, the busiest first.
  private static func busiest(_ before: LoadTotals, _ after: LoadTotals) -> [Int] {
    let tokens = (0..<16).map {
      after[.prefill, LayerID(0), ExpertID($0)] - before[.prefill, LayerID(0), ExpertID($0)]
    }
    return tokens.indices.sorted { (tokens[$1], $0) < (tokens[$0], $1) }
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func theNeededBecomeResidentAndFollowADomainChange(seed: UInt64) async throws {
    var served = try await ServedModel(
      exponent: 1.4, seed: seed, shiftTick: 24, configuration: Self.configuration(.stored))
    var totals = served.balancer.load
    #expect(served.balancer.statistics.placement.storedCount >= 8)
    for _ in 0..<2 {
      try await served.run(ticks: 24)
      let busy = Self.busiest(totals, served.balancer.load)
      totals = served.balancer.load
      let resident = Self.resident(served.balancer)
      #expect(busy.prefix(2).allSatisfy { resident.contains($0) }, "seed \(seed): \(busy) \(resident)")
      let needed = served.ticks.last?.event.resident?.need ?? 0
      // The four busiest of sixteen have this share by their law, and four is what there are bytes for.
      #expect(needed > 0.72, "seed \(seed): \(needed)")
      #expect(resident.count == 4, "seed \(seed)")
    }
    try served.checkBudget()
    // Every token was served, by what was there.
    let statistics = served.balancer.statistics
    #expect(statistics.storedAssignments > 0 && statistics.substitutedAssignments == 0)
    #expect(served.balancer.load.tokens == 48 * ServedModel.batchesPerTick * ServedModel.tokensPerBatch)
  }

  /// Right after the change much of what is needed is stored; a few plans bring it back.
  @Test func recoveryTakesFewTicks() async throws {
    var served = try await ServedModel(
      exponent: 1.4, seed: 2, shiftTick: 24, configuration: Self.configuration(.stored))
    try await served.run(ticks: 48)
    let needs = served.ticks.map { $0.event.resident?.need ?? 1 }
    let settled = needs[16..<24].reduce(0, +) / 8
    let dip = needs[24..<32].min() ?? 1
    let recovery = needs[24...].firstIndex { $0 < settled - 0.05 }.flatMap { fallen in
      needs[fallen...].firstIndex { $0 >= settled - 0.05 }
    }
    #expect(dip < settled - 0.1)
    #expect(try #require(recovery) <= 24 + 16)
  }

  @Test func withTheBytesOfTheReserveAloneEverythingIsServedFromStorage() async throws {
    var served = try await ServedModel(
      exponent: 1, seed: 4, configuration: Self.configuration(.stored, share: 0.25))
    #expect(Self.resident(served.balancer).isEmpty)
    try await served.run(ticks: 4)
    #expect(served.balancer.statistics.storedAssignments == 4 * 4 * 256)
    try served.balancer.statistics.placement.check(shape: served.cluster.shape, topology: served.cluster.topology)
  }

  @Test func switchedOffNothingIsEverStored() async throws {
    var served = try await ServedModel(exponent: 1.4, seed: 5)
    try await served.run(ticks: 12)
    #expect(served.balancer.statistics.placement.storedCount == 0)
    #expect(served.balancer.statistics.storedAssignments == 0)
  }

  @Test func aLostDeviceLosesNoExpert() async throws {
    var served = try await ServedModel(exponent: 1, seed: 6, configuration: Self.configuration(.stored))
    try await served.run(ticks: 8)
    try served.balancer.lose(DeviceID(1))
    served.cluster.inject(.deviceLost(DeviceID(1)))
    _ = await served.balancer.tick(at: .seconds(60))
    try await served.run(ticks: 8)
    let statistics = served.balancer.statistics
    try statistics.placement.check(shape: served.cluster.shape, topology: served.cluster.topology)
    #expect(statistics.placement.layers[0].replicas.allSatisfy { $0.device != DeviceID(1) })
  }
}
