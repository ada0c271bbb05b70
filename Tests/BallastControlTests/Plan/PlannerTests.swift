import BallastControl
import BallastRuntime
import Testing

/// A small seeded source of numbers, so that a failing case can be run again.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}

/// A model, devices and a skewed load, made from a seed.
struct PlanningCase {
  let shape: ModelShape
  let topology: Topology
  let estimate: LoadEstimate
  let cost: CostModel

  init(seed: UInt64, experts: Int = 16, devices: Int = 4, layers: Int = 3) throws {
    var random = SeededRandom(seed: seed)
    shape = try ModelShape(
      layers: layers, expertsPerLayer: experts, expertsPerToken: 2,
      bytesPerExpert: PerPrecision { [4000, 2000, 1000, 500][Int($0.rawValue)] }, fullPrecision: .bfloat16)
    topology = try Topology.uniform(devices: devices, memoryBytesPerDevice: 1 << 40)
    estimate = LoadEstimate(
      tokensPerBatch: (0..<layers).map { _ in
        (0..<experts).map { _ in Double(Int.random(in: 0...1000, using: &random)) / Double(Int.random(in: 1...20, using: &random)) }
      }, batchesPerTick: 10)
    cost = CostModel(
      activationNanoseconds: PerPrecision { [40, 20, 10, 5][Int($0.rawValue)] },
      perTokenNanoseconds: PerPrecision { [2, 1, 0.6, 0.5][Int($0.rawValue)] }, linkBytesPerSecond: 1e10,
      nodeLinkBytesPerSecond: 1e9)
  }

  func limits(share: Double, quality: Double = 0.01, replicasPerDevice: Int? = nil, moveBytes: Int = .max) -> PlanningLimits {
    let devices = topology.devices.count
    let bytes = Int(share * Double(shape.fullBytes)) / devices
    return PlanningLimits(
      stagingBytes: Array(repeating: bytes + 4000, count: devices), residentBytes: Array(repeating: bytes, count: devices),
      moveBytes: moveBytes, qualityBudget: quality, precisions: [.bfloat16, .int8], replicasPerDevice: replicasPerDevice)
  }

  func planner(split: SplitRule = .dispatch) -> Planner {
    Planner(shape: shape, topology: topology, cost: cost, split: split, passes: Planner.passes(searchRounds: 32))
  }
}

@Suite struct PlannerTests {
  @Test(arguments: 0..<40)
  func aPlanKeepsEveryLimit(seed: Int) throws {
    let planning = try PlanningCase(seed: UInt64(seed))
    let limits = planning.limits(share: 1 + Double(seed % 4) * 0.2)
    let start = Placement.contiguous(shape: planning.shape, topology: planning.topology)
    let plan = planning.planner().plan(from: start, for: planning.estimate, within: limits)

    try plan.target.check(shape: planning.shape, topology: planning.topology)
    let before = start.bytesPerDevice(shape: planning.shape, devices: 4)
    let after = plan.target.bytesPerDevice(shape: planning.shape, devices: 4)
    var staged = before
    for change in plan.changes {
      for replica in change.added { staged[replica.device.index] += planning.shape.bytesPerExpert[replica.precision] }
    }
    for device in 0..<4 {
      #expect(after[device] <= limits.residentBytes[device], "seed \(seed)")
      #expect(staged[device] <= limits.stagingBytes[device], "seed \(seed)")
    }
    #expect(plan.forecast.qualitySpent <= limits.qualityBudget + 1e-12, "seed \(seed)")
    #expect(plan.forecast.nanosecondsAfter <= plan.forecast.nanosecondsBefore, "seed \(seed)")
  }

  @Test(arguments: [SplitRule.even, .dispatch])
  func fixedCopiesFillEveryDeviceEqually(split: SplitRule) throws {
    let planning = try PlanningCase(seed: 7)
    let start = Placement.contiguous(shape: planning.shape, topology: planning.topology)
    let limits = planning.limits(share: 100, quality: 0, replicasPerDevice: 6)
    let plan = planning.planner(split: split).plan(from: start, for: planning.estimate, within: limits)
    for layer in plan.target.layers {
      for device in 0..<4 { #expect(layer.replicas.filter { $0.device.index == device }.count == 6) }
    }
    #expect(plan.forecast.imbalanceAfter < plan.forecast.imbalanceBefore)
    try plan.target.check(shape: planning.shape, topology: planning.topology)
  }

  @Test func theSameInputGivesTheSamePlan() throws {
    let planning = try PlanningCase(seed: 3)
    let start = Placement.contiguous(shape: planning.shape, topology: planning.topology)
    let limits = planning.limits(share: 1.3)
    let first = planning.planner().plan(from: start, for: planning.estimate, within: limits)
    let second = planning.planner().plan(from: start, for: planning.estimate, within: limits)
    #expect(first.target == second.target)
    #expect(!first.isEmpty)
  }

  @Test func aMoveThatDoesNotPayIsNotMade() throws {
    let planning = try PlanningCase(seed: 5)
    let start = Placement.contiguous(shape: planning.shape, topology: planning.topology)
    var limits = planning.limits(share: 1.5)
    limits.nanosecondsPerByte = 1e6
    #expect(planning.planner().plan(from: start, for: planning.estimate, within: limits).isEmpty)
  }

  @Test func theMoveBudgetIsNotExceeded() throws {
    let planning = try PlanningCase(seed: 6)
    let start = Placement.contiguous(shape: planning.shape, topology: planning.topology)
    let limits = planning.limits(share: 1.5, moveBytes: 5000)
    let plan = planning.planner().plan(from: start, for: planning.estimate, within: limits)
    #expect(plan.forecast.bytesMoved <= 5000)
    #expect(plan.forecast.bytesMoved > 0)
  }

  @Test func aMeasuredLossOverTheBudgetIsUndone() throws {
    let planning = try PlanningCase(seed: 8)
    let start = Placement(
      layers: Placement.contiguous(shape: planning.shape, topology: planning.topology).layers.map { layer in
        LayerPlacement(layer.replicas.map { Replica(expert: $0.expert, device: $0.device, precision: .int8) })
      })
    var estimate = planning.estimate
    for expert in 0..<16 {
      estimate.errors.note(0.2, layer: LayerID(0), expert: ExpertID(expert), precision: .int8)
    }
    let planner = Planner(
      shape: planning.shape, topology: planning.topology, cost: planning.cost, split: .dispatch,
      passes: [RestoreQuality()])
    let plan = planner.plan(from: start, for: estimate, within: planning.limits(share: 2, quality: 0.02))
    #expect(plan.changes.map(\.layer) == [LayerID(0)])
    #expect(plan.forecast.qualitySpent <= 0.02)
    #expect(plan.changes.flatMap(\.added).allSatisfy { $0.precision == .bfloat16 })
  }
}
