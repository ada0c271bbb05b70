import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct EvictExpertsTests {
  /// Eight experts of rising need on two devices with room for two each; the first of each are resident.
  private func small() throws -> SmallLayer {
    var small = try SmallLayer(tokens: [1, 2, 3, 4, 5, 6, 7, 8], on: [0, 0, 0, 0, 1, 1, 1, 1])
    small.placement.layers[0] = LayerPlacement([
      Replica(0, on: 0), Replica(1, on: 0), .stored(2, on: 0), .stored(3, on: 0),
      Replica(4, on: 1), Replica(5, on: 1), .stored(6, on: 1), .stored(7, on: 1),
    ])
    small.limits.mayEvict = true
    small.limits.residentBytes = [4000, 4000]
    small.limits.stagingBytes = [8000, 8000]
    return small
  }

  private func resident(_ draft: PlacementDraft) -> [Int] {
    draft.placement.layers[0].replicas.filter { $0.residency == .resident }.map(\.expert.index)
  }

  @Test func whatIsNeededMostIsResidentAndTheRestStored() throws {
    let small = try small()
    let draft = small.improved(by: EvictExperts())
    #expect(resident(draft) == [4, 5, 6, 7])
    #expect(draft.placement.storedCount == 4)
    try draft.placement.check(shape: small.shape, topology: small.topology)
  }

  @Test func withoutLeaveItDoesNothing() throws {
    var small = try small()
    small.limits.mayEvict = false
    #expect(small.improved(by: EvictExperts()).placement == small.placement)
  }

  @Test func pinnedExpertsStayWhereTheyAre() throws {
    var small = try small()
    small.limits.pinned = PinnedExperts([
      PinnedExperts.Place(LayerID(0), ExpertID(0)), PinnedExperts.Place(LayerID(0), ExpertID(7)),
    ])
    #expect(resident(small.improved(by: EvictExperts())) == [0, 4, 5, 6])
  }

  @Test func importanceDecidesNotLoad() throws {
    var small = try small()
    small.estimate.need = [[0.4, 0.3, 0.1, 0.1, 0.03, 0.03, 0.02, 0.02]]
    #expect(resident(small.improved(by: EvictExperts())) == [0, 1, 2, 3])
  }

  @Test func whatIsThereAlreadyStays() throws {
    var small = try small()
    small.estimate.need = [[0.2, 0.2, 0.05, 0.05, 0.2, 0.2, 0.05, 0.05]]
    #expect(small.improved(by: EvictExperts()).placement == small.placement)
  }

  /// Where only the reserve can be staged, what will come has room in the next plan.
  @Test func roomIsMadeForWhatCannotBeStagedYet() throws {
    var small = try small()
    small.limits.stagingBytes = [4000, 4000]
    let first = small.improved(by: EvictExperts())
    #expect(resident(first) == [4, 5])
    #expect(first.isCutShort)
    small.placement = first.placement
    let second = small.improved(by: EvictExperts())
    #expect(resident(second) == [4, 5, 6, 7])
    #expect(!second.isCutShort)
  }

  @Test func noMoreIsStoredAheadThanOnePlanMayStage() throws {
    var small = try small()
    small.limits.stagingBytes = [4000, 4000]
    small.limits.moveBytes = 2000
    #expect(resident(small.improved(by: EvictExperts())) == [1, 4, 5])
  }

  private func checkEachPass(
    _ planning: PlanningCase, _ placement: Placement, _ limits: PlanningLimits, seed: Int
  ) throws {
    var draft = PlacementDraft(
      from: placement, shape: planning.shape, topology: planning.topology, cost: planning.cost,
      estimate: planning.estimate, limits: limits, rule: .dispatch)
    for pass in Planner.passes(searchRounds: 32) {
      pass.improve(&draft)
      #expect(throws: Never.self, "seed \(seed): \(type(of: pass))") {
        try draft.placement.check(shape: planning.shape, topology: planning.topology)
      }
    }
  }

  /// The whole planner, over models whose bytes hold a part of them: never an expert without a replica, never a byte too
  /// many, and what is needed most comes to be resident.
  @Test(arguments: 0..<16)
  func plansKeepEveryExpertAndEveryLimit(seed: Int) throws {
    let planning = try PlanningCase(seed: UInt64(seed), experts: 12, devices: 3, layers: 2)
    let share = [0.2, 0.35, 0.5, 0.8][seed % 4]
    var limits = planning.limits(share: share, quality: seed % 3 == 0 ? 0 : 0.02)
    limits.mayEvict = true
    limits.precisions = seed % 2 == 0 ? [.bfloat16] : [.bfloat16, .int8, .int4]
    var placement = ByteBudget(
      bytesPerDevice: limits.residentBytes, reserveBytes: 0
    ).startPlacement(
      shape: planning.shape, topology: planning.topology, leastPrecision: .int8, mayEvict: true)
    let start = ResidentShare(placement, need: planning.estimate.need)
    for _ in 0..<4 {
      let before = placement.bytesPerDevice(shape: planning.shape, devices: 3)
      try checkEachPass(planning, placement, limits, seed: seed)
      let plan = planning.planner().plan(from: placement, for: planning.estimate, within: limits)
      try plan.target.check(shape: planning.shape, topology: planning.topology)
      let after = plan.target.bytesPerDevice(shape: planning.shape, devices: 3)
      for device in 0..<3 {
        let staged = plan.changes.flatMap(\.added).filter { $0.device.index == device }
        let bytes = staged.reduce(before[device]) { $0 + planning.shape.bytes(of: $1) }
        #expect(after[device] <= limits.residentBytes[device], "seed \(seed)")
        #expect(bytes <= limits.stagingBytes[device], "seed \(seed)")
      }
      #expect(plan.forecast.qualitySpent <= limits.qualityBudget + 1e-12, "seed \(seed)")
      placement = plan.target
    }
    let end = ResidentShare(placement, need: planning.estimate.need)
    #expect(end.need >= start.need, "seed \(seed)")
    if limits.precisions.count == 1 {
      #expect(!ResidentExchange.isDue(placement, need: planning.estimate.need), "seed \(seed)")
    }
  }
}
