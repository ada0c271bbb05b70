import BallastRuntime
import Testing

@testable import BallastControl

/// Both devices are equally busy, but one replica meets three times what any other does.
@Suite struct CopyHeavyHittersTests {
  private func small() throws -> SmallLayer {
    var small = try SmallLayer(tokens: [300, 100, 100, 100], on: [0, 1, 1, 1])
    small.cost.activationNanoseconds = PerPrecision(repeating: 1)
    return small
  }

  @Test func whereDevicesAreEvenTheBusiestReplicaIsRelieved() throws {
    let small = try small()
    let before = small.draft.forecast(LayerID(0))
    let draft = small.improved(by: CopyHeavyHitters(rounds: 8))
    #expect(draft.forecast(LayerID(0)).busiestReplica < before.busiestReplica * 0.99)
    #expect(draft.placement.layers[0].replicas(of: ExpertID(0)).count == 2)
    let tie = 1 + BatchSplit.calibrationTie
    #expect(draft.forecast(LayerID(0)).longest <= before.longest * tie * tie)
  }

  @Test func withoutRoomNothingIsCopied() throws {
    var small = try small()
    small.limits.residentBytes = small.placement.bytesPerDevice(shape: small.shape, devices: 2)
    #expect(small.improved(by: CopyHeavyHitters(rounds: 8)).placement == small.placement)
  }

  @Test func whereTheNumberOfReplicasIsFixedItDoesNothing() throws {
    var small = try small()
    small.limits.replicasPerDevice = 2
    #expect(small.improved(by: CopyHeavyHitters(rounds: 8)).placement == small.placement)
  }
}
