import BallastRuntime
import Testing

@testable import BallastControl

/// Devices of different speed and memory.
@Suite struct DifferentDevicesTests {
  private func planner(_ planning: PlanningCase, _ devices: [Topology.Device], _ split: SplitRule) throws -> Planner {
    Planner(
      shape: planning.shape, topology: try Topology(devices: devices), cost: .tokens, split: split,
      passes: Planner.passes(searchRounds: 64))
  }

  @Test(arguments: [SplitRule.dispatch])
  func aDeviceOfSpeedTwoGetsTwiceTheTokens(split: SplitRule) throws {
    let planning = try PlanningCase(seed: 11, experts: 32)
    let devices = [1.0, 2, 1, 1].map { Topology.Device(memoryBytes: 1 << 40, relativeSpeed: $0) }
    let planner = try planner(planning, devices, split)
    let limits = planning.limits(share: 1.6, quality: 0)
    let start = Placement.contiguous(shape: planning.shape, topology: planner.topology)
    let plan = planner.plan(from: start, for: planning.estimate, within: limits)
    for layer in planner.shares(of: plan.target, for: planning.estimate) {
      // Shares are of time; tokens are time times speed.
      let tokens = zip(layer.shares, devices).map { $0 * $1.relativeSpeed }
      let others = (tokens[0] + tokens[2] + tokens[3]) / 3
      #expect(abs(tokens[1] / others - 2) < 0.3, "\(tokens)")
      #expect(layer.imbalance < 1.12)
    }
  }

  @Test(arguments: [SplitRule.even, .dispatch])
  func aDeviceWithLittleMemoryHoldsLittle(split: SplitRule) throws {
    let planning = try PlanningCase(seed: 12, experts: 16)
    // Room for 4 experts of 2000 bytes in all three layers, where the others have room for 40.
    let devices = [80_000, 80_000, 8000, 80_000].map { Topology.Device(memoryBytes: $0) }
    let planner = try planner(planning, devices, split)
    var configuration = PlannerConfiguration()
    configuration.memoryBudgetShare = 1.5
    configuration.stagingReserveExperts = 1
    configuration.leastPrecision = .bfloat16
    let budget = try ByteBudget(shape: planning.shape, topology: planner.topology, configuration: configuration)
    #expect(budget.bytesPerDevice == [45_333, 45_333, 8000, 45_333])
    let start = budget.startPlacement(shape: planning.shape, topology: planner.topology, leastPrecision: .bfloat16)
    try start.check(shape: planning.shape, topology: planner.topology)
    var limits = planning.limits(share: 1)
    limits.stagingBytes = budget.bytesPerDevice
    limits.residentBytes = budget.residentBytes
    let plan = planner.plan(from: start, for: planning.estimate, within: limits)
    try plan.target.check(shape: planning.shape, topology: planner.topology)
    let bytes = plan.target.bytesPerDevice(shape: planning.shape, devices: 4)
    #expect(zip(bytes, budget.residentBytes).allSatisfy { $0 <= $1 }, "\(bytes)")
    #expect(plan.forecast.imbalanceAfter < plan.forecast.imbalanceBefore)
  }

  @Test func budgetsThatCannotHoldAllExpertsAreRefused() throws {
    let planning = try PlanningCase(seed: 12, experts: 16)
    let topology = try Topology(devices: [80_000, 4000].map { Topology.Device(memoryBytes: $0) })
    #expect(throws: ByteBudgetError.self) {
      try ByteBudget(
        shape: planning.shape, topology: topology,
        configuration: PlannerConfiguration(memoryBudgetShare: 4, leastPrecision: .bfloat16))
    }
  }

  @Test func bytesAreSharedByWhatDevicesHave() {
    #expect(ByteBudget.shares(of: 100, memory: [1000, 1000]) == [50, 50])
    #expect(ByteBudget.shares(of: 100, memory: [10, 1000, 30]) == [10, 60, 30])
    #expect(ByteBudget.shares(of: .max, memory: [10, 20]) == [10, 20])
    #expect(ByteBudget.shares(of: -5, memory: [10]) == [0])
  }

  @Test(arguments: 0..<12)
  func startPlacementsFit(seed: Int) throws {
    let planning = try PlanningCase(seed: UInt64(seed), experts: 10, layers: 3)
    var random = SeededRandom(seed: UInt64(seed))
    let bytes = (0..<4).map { _ in Int.random(in: 0...40, using: &random) * 2000 }
    let budget = ByteBudget(bytesPerDevice: bytes, reserveBytes: 0)
    let placement = budget.fittingPlacement(shape: planning.shape, precision: .bfloat16)
    #expect((placement != nil) == (bytes.reduce(0) { $0 + min($1 / 2000, 30) } >= 30), "seed \(seed)")
    guard let placement else { return }
    try placement.check(shape: planning.shape, topology: planning.topology)
    #expect(
      zip(placement.bytesPerDevice(shape: planning.shape, devices: 4), bytes).allSatisfy { $0 <= $1 }, "seed \(seed)")
  }
}
