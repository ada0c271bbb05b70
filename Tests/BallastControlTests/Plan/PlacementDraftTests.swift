import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct PlacementDraftTests {
  private let layer = LayerID(0)

  private func copy(_ expert: Int, on device: Int, _ precision: Precision = .bfloat16) -> LayerChange {
    LayerChange(layer: layer, added: [Replica(expert, on: device, precision)])
  }

  private func demotion(_ expert: Int, on device: Int) -> LayerChange {
    LayerChange(layer: layer, removed: [Replica(expert, on: device)], added: [Replica(expert, on: device, .int8)])
  }

  /// Device 0 holds a busy expert and device 1 three idle ones.
  private func small() throws -> SmallLayer {
    try SmallLayer(tokens: [100, 10, 10, 10], on: [0, 1, 1, 1], importance: [0.4, 0.2, 0.2, 0.2])
  }

  @Test func aReplacementWithinLimitsIsApplied() throws {
    var draft = try small().draft
    #expect(draft.replace(copy(0, on: 1)) == true)
    #expect(draft.placement.layers[0].replicas(of: ExpertID(0)).count == 2)
    #expect(draft.bytesMoved == 2000)
    #expect(draft.forecast(layer).longest == 65)
  }

  @Test func residentBytesAreALimit() throws {
    var small = try small()
    small.limits.residentBytes = [2000, 7999]
    var draft = small.draft
    #expect(draft.residentRoom(DeviceID(1)) == 1999)
    #expect(draft.replace(copy(0, on: 1)) == false)
    #expect(draft.placement == small.placement)
    #expect(draft.replace(copy(0, on: 1, .int8)) == true)
    #expect(draft.residentRoom(DeviceID(1)) == 999)
  }

  @Test func whatIsAlreadyOverTheLimitMayNotGrowButMayStay() throws {
    var small = try small()
    small.limits.residentBytes = [1000, 1 << 20]
    var draft = small.draft
    #expect(draft.replace(copy(1, on: 0)) == false)
    #expect(draft.replace(demotion(0, on: 0)) == true)
  }

  @Test func whileStagingOldAndNewAreCounted() throws {
    var small = try small()
    small.limits.stagingBytes = [2999, 1 << 20]
    var draft = small.draft
    #expect(draft.replace(demotion(0, on: 0)) == false)
    small.limits.stagingBytes = [3000, 1 << 20]
    draft = small.draft
    #expect(draft.replace(demotion(0, on: 0)) == true)
  }

  @Test func moveBytesAreALimitAndUndoingGivesThemBack() throws {
    var small = try small()
    small.limits.moveBytes = 3000
    var draft = small.draft
    #expect(draft.replace(copy(0, on: 1)) == true)
    #expect(draft.replace(copy(1, on: 0)) == false)
    #expect(draft.replace(LayerChange(layer: layer, removed: [Replica(0, on: 1)])) == true)
    #expect(draft.bytesMoved == 0)
    #expect(draft.replace(copy(1, on: 0)) == true)
  }

  @Test func puttingBackWhatThereWasMovesNothing() throws {
    var draft = try small().draft
    draft.replace(demotion(1, on: 1))
    draft.replace(LayerChange(layer: layer, removed: [Replica(1, on: 1, .int8)], added: [Replica(1, on: 1)]))
    #expect(draft.placement == draft.current)
    #expect(draft.bytesMoved == 0)
  }

  @Test func improveTakesWhatGainsMost() throws {
    var draft = try small().draft
    let proposals = [copy(1, on: 0), copy(0, on: 1), demotion(2, on: 1)].map { Proposal(change: $0, scenario: 0) }
    let improved = draft.improve(layer, proposals)
    #expect(improved)
    #expect(draft.placement.layers[0].replicas(of: ExpertID(0)).count == 2)
    #expect(draft.placement.layers[0].replicas.count == 5)
  }

  @Test func improveTakesNothingThatDoesNotPay() throws {
    var small = try small()
    // The copy saves about 35 of 100 ns.
    for (perByte, share, isWorthIt) in [(0.01, 0.0, true), (0.03, 0, false), (0, 0.2, true), (0, 0.5, false)] {
      small.limits.nanosecondsPerByte = perByte
      small.limits.leastGain = share
      var draft = small.draft
      let improved = draft.improve(layer, [Proposal(change: copy(0, on: 1), scenario: 0)])
      #expect(improved == isWorthIt, "\(perByte) ns a byte, least gain \(share)")
    }
  }

  @Test func improveKeepsTheQualityBudget() throws {
    var small = try small()
    small.cost.perTokenNanoseconds[.int8] = 0.5
    // Half a share of importance 0.4 at the typical int8 error of 0.01.
    for (budget, isAllowed) in [(0.0039, false), (0.0041, true)] {
      small.limits.qualityBudget = budget
      var draft = small.draft
      let improved = draft.improve(layer, [Proposal(change: demotion(0, on: 0), scenario: 0)])
      #expect(improved == isAllowed)
      #expect(abs(draft.qualitySpent(layer) - (isAllowed ? 0.004 : 0)) < 1e-12)
    }
  }

  @Test func onlyWhatAnotherPlanCouldStageCutsAPlanShort() throws {
    var small = try small()
    small.limits.moveBytes = 1999
    var draft = small.draft
    _ = draft.improve(layer, [Proposal(change: copy(0, on: 1), scenario: 0)])
    #expect(draft.isCutShort)

    small.limits.moveBytes = 1 << 20
    small.limits.residentBytes = [2000, 6000]
    draft = small.draft
    _ = draft.improve(layer, [Proposal(change: copy(0, on: 1), scenario: 0)])
    #expect(!draft.isCutShort)
    #expect(draft.placement == small.placement)
  }
}
