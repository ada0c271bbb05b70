import BallastRuntime
import BallastSimulator
import Testing

@testable import BallastControl

@Suite struct RolloutTests {
  private let layer = LayerID(0)

  /// Expert 1 goes from device 0 to device 1, expert 0 gets a copy there, expert 2 is demoted in place.
  private var changes: LayerChange {
    LayerChange(
      layer: layer, removed: [Replica(1, on: 0), Replica(2, on: 1)],
      added: [Replica(1, on: 1), Replica(0, on: 1), Replica(2, on: 1, .int8)])
  }

  @Test func aPlanIsStagedPublishedAndRetired() async throws {
    var served = try await ServedCluster(memoryBytesPerDevice: 10_000)
    let plan = served.plan(changes)
    #expect(await served.apply(plan) == .published(replicas: 3, bytes: 5000))
    #expect(served.path.table.current.placement == plan.target)
    #expect(served.path.table.current.version == 1)
    // Old and new are held until no lane can reach the old.
    #expect(served.bytes == [4000, 9000])
    #expect(served.rollout.isRetiring)
    #expect(await served.rollout.retireUnreachable(served.path.table) == 2)
    #expect(!served.rollout.isRetiring)
    #expect(served.bytes == [2000, 7000])
    #expect(served.peakBytes == [4000, 9000])
    #expect(await served.rollout.retireUnreachable(served.path.table) == 0)
  }

  @Test func handlesAreThoseOfWhatIsStaged() async throws {
    var served = try await ServedCluster(memoryBytesPerDevice: 10_000)
    #expect(served.rollout.handle(layer, Replica(2, on: 1)) != nil)
    #expect(served.rollout.handle(layer, Replica(2, on: 1, .int8)) == nil)
    _ = await served.apply(served.plan(changes))
    #expect(served.rollout.handle(layer, Replica(2, on: 1)) == nil)
    #expect(served.rollout.handle(layer, Replica(2, on: 1, .int8)) != nil)
    let measured = served.rollout.measured.filter { $0.replica.precision == .int8 }
    #expect(measured.count == 1)
    #expect(measured.allSatisfy { $0.relativeError > 0 })
  }

  @Test func aFailureHalfWayLeavesEverythingAsItWas() async throws {
    // Device 1 has room for two of the three replicas.
    var served = try await ServedCluster(memoryBytesPerDevice: 8999)
    let before = served.path.table.current
    let outcome = await served.apply(served.plan(changes))
    let cause = StagingError.outOfMemory(device: DeviceID(1), neededBytes: 1000, freeBytes: 999)
    #expect(outcome == .abandoned(.staging(cause), stagedBefore: 2))
    #expect(served.path.table.current === before)
    #expect(served.bytes == [4000, 4000])
    #expect(!served.rollout.isRetiring)
    #expect(served.rollout.handle(layer, Replica(1, on: 1)) == nil)
    #expect(served.rollout.handle(layer, Replica(1, on: 0)) != nil)
  }

  @Test func afterAFailureTheSamePlanCanBeApplied() async throws {
    var served = try await ServedCluster(memoryBytesPerDevice: 10_000)
    served.cluster.inject(.stagingsFail(next: 1, .deviceLost(DeviceID(1))))
    let plan = served.plan(changes)
    #expect(await served.apply(plan) == .abandoned(.staging(.deviceLost(DeviceID(1))), stagedBefore: 0))
    #expect(served.bytes == [4000, 4000])
    #expect(await served.apply(plan) == .published(replicas: 3, bytes: 5000))
  }

  @Test func aTableThatCannotBeCompiledIsNotPublished() async throws {
    var served = try await ServedCluster(memoryBytesPerDevice: 10_000)
    let cause = RoutingTableError.notStaged(layer, Replica(3, on: 0))
    let plan = served.plan(changes)
    let outcome = await served.rollout.apply(plan, to: served.path.table) { _, _ throws(RoutingTableError) in
      throw cause
    }
    #expect(outcome == .abandoned(.compiling(cause), stagedBefore: 3))
    #expect(served.bytes == [4000, 4000])
    #expect(served.path.table.current.version == 0)
    #expect(served.rollout.handle(layer, Replica(0, on: 1)) == nil)
  }

  @Test func stagingThatHangsTimesOutAndIsUndone() async throws {
    var served = try await ServedCluster(
      configuration: RolloutConfiguration(stagingTimeoutSeconds: 0.02), memoryBytesPerDevice: 10_000)
    served.cluster.inject(.stagingsHang(next: 1))
    #expect(await served.apply(served.plan(changes)) == .abandoned(.staging(.timedOut(seconds: 0.02)), stagedBefore: 0))
    #expect(served.bytes == [4000, 4000])
    #expect(served.path.table.current.version == 0)
  }

  @Test(arguments: [0, 1])
  func aCancelledRolloutIsUndoneAndSaysSo(stagedBefore: Int) async throws {
    var served = try await ServedCluster(memoryBytesPerDevice: 10_000)
    let plan = served.plan(changes)
    let cluster = served.cluster
    if stagedBefore == 0 { cluster.inject(.stagingsHang(next: 1)) }
    served.rollout.configuration.stagingBytesPerSecond = stagedBefore == 0 ? 0 : 1
    let copy = served
    let task = Task {
      var served = copy
      return await served.apply(plan)
    }
    // The hanging staging holds its memory; a staged replica waits at one byte a second.
    while cluster.memory[1].replicaBytes == 4000 { await Task.yield() }
    task.cancel()
    #expect(await task.value == .abandoned(.staging(.cancelled), stagedBefore: stagedBefore))
    #expect(served.bytes == [4000, 4000])
  }

  @Test func stagingWaitsAsLongAsTheThrottleAsks() async throws {
    var served = try await ServedCluster(memoryBytesPerDevice: 10_000)
    served.rollout.configuration.stagingBytesPerSecond = 100_000
    let clock = ContinuousClock()
    let start = clock.now
    #expect(await served.apply(served.plan(changes)) == .published(replicas: 3, bytes: 5000))
    // 5000 bytes at 100 000 a second cannot take less.
    #expect(clock.now - start >= .milliseconds(50))
  }

  @Test(arguments: [Double.nan, .infinity, -1, 1e300])
  func noTimeoutTraps(seconds: Double) async throws {
    var served = try await ServedCluster(memoryBytesPerDevice: 10_000)
    served.rollout.configuration.stagingTimeoutSeconds = seconds
    let isGenerous = seconds > 0
    let outcome = await served.apply(served.plan(changes))
    if isGenerous { #expect(outcome == .published(replicas: 3, bytes: 5000)) }
    #expect(served.path.table.current.version == (outcome == .published(replicas: 3, bytes: 5000) ? 1 : 0))
  }

  @Test func whatALaneReadsIsRetiredOnlyOnceItHasLeft() async throws {
    var served = try await ServedCluster(memoryBytesPerDevice: 10_000)
    let table = served.path.table
    let (entered, enter) = AsyncStream.makeStream(of: Void.self)
    let gate = Gate()
    let reader = onOwnThread {
      table.withCurrent(reader: 0) { table in
        enter.yield()
        gate.wait()
        return table.version
      }
    }
    for await _ in entered { break }
    #expect(await served.apply(served.plan(changes)) == .published(replicas: 3, bytes: 5000))
    for _ in 0..<3 {
      #expect(await served.rollout.retireUnreachable(table) == 0)
      #expect(served.rollout.isRetiring)
      #expect(served.bytes == [4000, 9000])
    }
    gate.open()
    for await version in reader { #expect(version == 0) }
    #expect(await served.rollout.retireUnreachable(table) == 2)
    #expect(served.bytes == [2000, 7000])
  }

  @Test func aStartThatCannotBeStagedLeavesNothing() async throws {
    let small = try SmallLayer(tokens: [1, 1, 1, 1], on: [0, 0, 1, 1])
    let cluster = SimulatedCluster(
      shape: small.shape, topology: try .uniform(devices: 2, memoryBytesPerDevice: 3999), cost: small.cost, seed: 1)
    var rollout = Rollout(executor: cluster, configuration: RolloutConfiguration())
    await #expect(throws: StagingError.outOfMemory(device: DeviceID(0), neededBytes: 2000, freeBytes: 1999)) {
      try await rollout.stageAll(small.placement)
    }
    #expect(cluster.memory.map(\.replicaBytes) == [0, 0])
    #expect(rollout.measured.isEmpty)
  }
}
