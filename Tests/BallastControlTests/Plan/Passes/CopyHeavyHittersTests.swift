import BallastRuntime
import Testing

@testable import BallastControl

/// Two even devices, each with one expert that meets most of its tokens.
@Suite struct CopyHeavyHittersTests {
  private func small() throws -> SmallLayer {
    try SmallLayer(tokens: [80, 20, 80, 20], on: [0, 0, 1, 1])
  }

  @Test func withRoomTheBusiestReplicaGetsACopyAndNoBatchGetsLonger() throws {
    let small = try small()
    let draft = small.improved(by: CopyHeavyHitters(rounds: 8))
    let forecast = draft.forecast(LayerID(0))
    #expect(forecast.replicaTokens.max() ?? 0 < 80)
    #expect(forecast.longest <= 100 * (1 + 8 * BatchSplit.calibrationTie))
    try draft.placement.check(shape: small.shape, topology: small.topology)
  }

  @Test func withoutRoomNothingIsCopied() throws {
    var small = try small()
    small.limits.residentBytes = [4000, 4000]
    #expect(small.improved(by: CopyHeavyHitters(rounds: 8)).placement == small.placement)
  }

  @Test func copiesKeepTheQualityBudget() throws {
    var small = try small()
    small.limits.precisions = [.bfloat16, .int8]
    small.limits.residentBytes = [5000, 5000]
    small.limits.qualityBudget = 0
    #expect(small.improved(by: CopyHeavyHitters(rounds: 8)).placement == small.placement)
    small.limits.qualityBudget = 0.01
    let draft = small.improved(by: CopyHeavyHitters(rounds: 8))
    #expect(draft.placement.layers[0].replicas.contains { $0.precision == .int8 })
    #expect(draft.qualitySpent(LayerID(0)) <= 0.01)
  }

  @Test func whereTheNumberOfReplicasIsFixedItDoesNothing() throws {
    var small = try small()
    small.limits.replicasPerDevice = 2
    #expect(small.improved(by: CopyHeavyHitters(rounds: 8)).placement == small.placement)
  }
}
