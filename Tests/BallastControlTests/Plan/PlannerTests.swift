import BallastControl
import BallastRuntime
import Testing

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

  @Test func packingFromNothingGivesAValidPlacement() throws {
    let planning = try PlanningCase(seed: 5)
    let planner = Planner(
      shape: planning.shape, topology: planning.topology, cost: .tokens, split: .even,
      passes: [PackFromScratch(always: true)])
    let packed = try planner.pack(for: planning.estimate, replicasPerDevice: 5)
    try packed.check(shape: planning.shape, topology: planning.topology)
    #expect(packed.layers.allSatisfy { $0.replicas.count == 20 })
    let greedy = planner.plan(
      from: .contiguous(shape: planning.shape, topology: planning.topology), for: planning.estimate,
      within: .unlimited(devices: 4, replicasPerDevice: 5))
    #expect(planner.imbalance(of: packed, for: planning.estimate) <= greedy.forecast.imbalanceAfter + 1e-9)
    #expect(throws: PackingError.tooManyCopies(copies: 68, limit: 64)) {
      try planner.pack(for: planning.estimate, replicasPerDevice: 17)
    }
    #expect(throws: PackingError.outOfRange(name: "copies", value: .max, allowed: 1...1 << 24)) {
      try planner.pack(for: planning.estimate, replicasPerDevice: .max)
    }
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
