import BallastRuntime
import Testing

@testable import BallastControl

/// `Planner.plan(from:for:within:statuses:)` on random models.
@Suite struct PlannerDevicesTests {
  private let kinds: [DeviceStatus] = [.lost, .draining]

  @Test(arguments: 0..<8)
  func nothingIsLeftOnDevicesThatGoAndOthersMoveLittle(seed: Int) throws {
    let planning = try PlanningCase(seed: UInt64(seed))
    let start = Placement.contiguous(shape: planning.shape, topology: planning.topology)
    var statuses = Array(repeating: DeviceStatus.serving, count: 4)
    statuses[seed % 4] = kinds[seed / 4]
    var limits = planning.limits(share: 2)
    limits.nanosecondsPerByte = 1e6
    let plan = try planning.planner().plan(from: start, for: planning.estimate, within: limits, statuses: statuses)
    try plan.target.check(shape: planning.shape, topology: planning.topology)
    #expect(plan.target.layers.allSatisfy { $0.replicas.allSatisfy { $0.device.index != seed % 4 } }, "seed \(seed)")
    // Moving never pays here, so only what stood on the device moves.
    #expect(plan.copiesMoved == 3 * 4, "seed \(seed)")
    #expect(plan.forecast.bytesMoved == 3 * 4 * 2000)
    let again = try planning.planner().plan(from: start, for: planning.estimate, within: limits, statuses: statuses)
    #expect(again.target == plan.target)
  }

  @Test(arguments: [DeviceStatus.lost, .draining])
  func whereANumberOfCopiesIsAskedForItIsKept(kind: DeviceStatus) throws {
    let planning = try PlanningCase(seed: 4)
    let limits = planning.limits(share: 100, quality: 0, replicasPerDevice: 6)
    let contiguous = Placement.contiguous(shape: planning.shape, topology: planning.topology)
    let full = planning.planner().plan(from: contiguous, for: planning.estimate, within: limits).target
    let statuses: [DeviceStatus] = [.serving, .serving, .serving, kind]
    let plan = try planning.planner().plan(from: full, for: planning.estimate, within: limits, statuses: statuses)
    for layer in plan.target.layers {
      #expect((0..<4).map { device in layer.replicas.filter { $0.device.index == device }.count } == [6, 6, 6, 0])
    }
    try plan.target.check(shape: planning.shape, topology: planning.topology)
  }

  @Test func aDeviceThatComesBackIsFilledAndOthersKeepWhatTheyHave() throws {
    let planning = try PlanningCase(seed: 4)
    var limits = planning.limits(share: 100, quality: 0, replicasPerDevice: 6)
    let contiguous = Placement.contiguous(shape: planning.shape, topology: planning.topology)
    let full = planning.planner().plan(from: contiguous, for: planning.estimate, within: limits).target
    let shrunk = try planning.planner().plan(
      from: full, for: planning.estimate, within: limits, statuses: [.serving, .serving, .serving, .lost]
    ).target
    limits.nanosecondsPerByte = 1e6
    let grown = planning.planner().plan(from: shrunk, for: planning.estimate, within: limits).target
    for layer in grown.layers {
      #expect((0..<4).map { device in layer.replicas.filter { $0.device.index == device }.count } == [6, 6, 6, 6])
    }
    #expect(shrunk.copiesMoved(to: grown) == 3 * 6)
  }

  @Test func aDeviceMoreTakesItsShare() throws {
    // Grown from 4 to 5 devices, with bytes deciding.
    let planning = try PlanningCase(seed: 2, devices: 5)
    let four = try Topology.uniform(devices: 4, memoryBytesPerDevice: 1 << 40)
    let start = Placement.contiguous(shape: planning.shape, topology: four)
    let plan = planning.planner().plan(from: start, for: planning.estimate, within: planning.limits(share: 2))
    #expect(plan.target.layers.allSatisfy { $0.replicas.contains { $0.device.index == 4 } })
    #expect(plan.forecast.imbalanceAfter < plan.forecast.imbalanceBefore)
  }

  @Test func statusesThatDoNotFitAreRefused() throws {
    let planning = try PlanningCase(seed: 1)
    let start = Placement.contiguous(shape: planning.shape, topology: planning.topology)
    #expect(throws: RehomingError.noDeviceLeft(devices: 4)) {
      try planning.planner().plan(
        from: start, for: planning.estimate, within: planning.limits(share: 2),
        statuses: [.lost, .lost, .draining, .lost])
    }
    #expect(throws: RehomingError.statusCount(statuses: 1, devices: 4)) {
      try planning.planner().imbalance(of: start, for: planning.estimate, statuses: [.serving])
    }
  }

  @Test func aLostDeviceIsNoIdleOne() throws {
    let planning = try PlanningCase(seed: 1, experts: 4, devices: 2, layers: 1)
    let estimate = LoadEstimate(tokensPerBatch: [[10, 10, 10, 10]])
    let placement = Placement(layers: [LayerPlacement((0..<4).map { Replica($0, on: 0) })])
    let planner = planning.planner()
    #expect(try planner.imbalance(of: placement, for: estimate, statuses: [.serving, .serving]) == 2)
    #expect(try planner.imbalance(of: placement, for: estimate, statuses: [.serving, .lost]) == 1)
  }
}
