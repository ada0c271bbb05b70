import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct RestoreQualityTests {
  /// Every expert at int8; errors measured as stated.
  private func lowered(errors: [Double], importance: [Double]) throws -> SmallLayer {
    var small = try SmallLayer(tokens: [10, 10, 10, 10], on: [0, 0, 1, 1], importance: importance)
    small.placement.layers[0] = LayerPlacement(
      small.placement.layers[0].replicas.map { Replica($0.expert.index, on: $0.device.index, .int8) })
    for (expert, error) in errors.enumerated() {
      small.estimate.errors.note(error, layer: LayerID(0), expert: ExpertID(expert), precision: .int8)
    }
    return small
  }

  private func promoted(_ draft: PlacementDraft) -> [Int] {
    draft.placement.layers[0].replicas.filter { $0.precision == .bfloat16 }.map(\.expert.index)
  }

  @Test func whatCostsMostIsPromotedFirstAndNoMoreThanNeeded() throws {
    var small = try lowered(errors: [0.01, 0.2, 0.01, 0.05], importance: [0.25, 0.25, 0.25, 0.25])
    // Spent 0.0675; without expert 1 0.0175; without 3 too 0.005.
    small.limits.qualityBudget = 0.02
    #expect(promoted(small.improved(by: RestoreQuality())) == [1])
    small.limits.qualityBudget = 0.01
    #expect(promoted(small.improved(by: RestoreQuality())) == [1, 3])
    small.limits.qualityBudget = 0
    #expect(promoted(small.improved(by: RestoreQuality())) == [0, 1, 2, 3])
  }

  @Test func importanceWeighsAsMuchAsTheError() throws {
    var small = try lowered(errors: [0.1, 0.2, 0.1, 0.1], importance: [0.7, 0.1, 0.1, 0.1])
    small.limits.qualityBudget = 0.05
    #expect(promoted(small.improved(by: RestoreQuality())) == [0])
  }

  @Test func withinTheBudgetNothingIsPromoted() throws {
    var small = try lowered(errors: [0.01, 0.01, 0.01, 0.01], importance: [0.25, 0.25, 0.25, 0.25])
    small.limits.qualityBudget = 0.0101
    #expect(promoted(small.improved(by: RestoreQuality())).isEmpty)
  }

  @Test func aLowCopyBesideAnExactOneGoesWherePromotionsDoNotFit() throws {
    var small = try SmallLayer(tokens: [100, 10], on: [0, 1])
    small.placement.layers[0] = small.placement.layers[0].applying(
      LayerChange(layer: LayerID(0), added: [Replica(0, on: 1, .int8)]))
    small.estimate.errors.note(0.5, layer: LayerID(0), expert: ExpertID(0), precision: .int8)
    small.limits.qualityBudget = 0.01
    small.limits.residentBytes = [2000, 3999]
    let draft = small.improved(by: RestoreQuality())
    #expect(draft.placement.layers[0].replicas == [Replica(0, on: 0), Replica(1, on: 1)])
    #expect(draft.qualitySpent(LayerID(0)) == 0)
    small.limits.residentBytes = [2000, 4000]
    #expect(promoted(small.improved(by: RestoreQuality())) == [0, 0, 1])
  }

  @Test func bytesLimitPromotions() throws {
    var small = try lowered(errors: [0.3, 0.2, 0.1, 0.1], importance: [0.25, 0.25, 0.25, 0.25])
    small.limits.qualityBudget = 0
    // Device 0 has no room for a promotion, device 1 for one.
    small.limits.residentBytes = [2000, 3000]
    let draft = small.improved(by: RestoreQuality())
    #expect(promoted(draft) == [2])
    #expect(draft.qualitySpent(LayerID(0)) > 0)
  }

  @Test func aReplicaOverItsBoundIsPromotedWhateverTheBudget() throws {
    var small = try lowered(errors: [0.01, 0.4, 0.01, 0.05], importance: [0.25, 0.25, 0.25, 0.25])
    small.limits.qualityBudget = 1
    small.limits.replicaErrorBound = 0.3
    #expect(promoted(small.improved(by: RestoreQuality())) == [1])
  }

  @Test func aReplicaOverItsBoundTakesTheNearestPrecisionWithinIt() throws {
    var small = try SmallLayer(tokens: [10, 10], on: [0, 1])
    small.placement.layers[0] = LayerPlacement([Replica(0, on: 0, .int4), Replica(1, on: 1)])
    small.estimate.errors.note(0.4, layer: LayerID(0), expert: ExpertID(0), precision: .int4)
    small.estimate.errors.note(0.01, layer: LayerID(0), expert: ExpertID(0), precision: .int8)
    small.limits.qualityBudget = 1
    small.limits.replicaErrorBound = 0.3
    small.limits.precisions = [.bfloat16, .int8, .int4]
    #expect(small.improved(by: RestoreQuality()).placement.layers[0].replicas.first?.precision == .int8)
    small.estimate.errors.note(0.5, layer: LayerID(0), expert: ExpertID(0), precision: .int8)
    #expect(promoted(small.improved(by: RestoreQuality())) == [0, 1])
  }
}
