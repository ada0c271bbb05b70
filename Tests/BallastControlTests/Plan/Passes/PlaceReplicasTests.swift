import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct PlaceReplicasTests {
  @Test func aSwapEvensTwoDevices() throws {
    var small = try SmallLayer(tokens: [50, 40, 20, 10], on: [0, 0, 1, 1])
    small.limits.residentBytes = [4000, 4000]
    let draft = small.improved(by: PlaceReplicas(rounds: 8))
    #expect(draft.forecast(LayerID(0)).longest == 60)
    #expect(draft.bytesMoved == 4000)
  }

  @Test func whereBytesAllowOneMoveIsEnough() throws {
    let small = try SmallLayer(tokens: [50, 30, 20], on: [0, 0, 0])
    var roomy = small
    roomy.topology = try Topology.uniform(devices: 2, memoryBytesPerDevice: 1 << 30)
    roomy.limits = .unlimited(devices: 2, replicasPerDevice: nil)
    let draft = roomy.improved(by: PlaceReplicas(rounds: 8))
    #expect(draft.forecast(LayerID(0)).longest == 50)
    #expect(draft.bytesMoved == 2000)
  }

  @Test func aBalancedLayerStays() throws {
    var small = try SmallLayer(tokens: [50, 10, 40, 20], on: [0, 0, 1, 1])
    #expect(small.improved(by: PlaceReplicas(rounds: 8)).bytesMoved == 0)
    small.limits.replicasPerDevice = 2
    #expect(small.improved(by: PlaceReplicas(rounds: 8)).bytesMoved == 0)
  }

  @Test func aCopyHardlyUsedGivesItsPlaceToABusyOne() throws {
    var small = try SmallLayer(tokens: [90, 6, 30], on: [0, 0, 1])
    small.placement.layers[0] = small.placement.layers[0].applying(
      LayerChange(layer: LayerID(0), added: [Replica(1, on: 1)]))
    small.limits = .unlimited(devices: 2, replicasPerDevice: 2)
    let draft = small.improved(by: PlaceReplicas(rounds: 8))
    #expect(draft.placement.layers[0].replicas.count == 4)
    #expect(draft.placement.layers[0].replicas(of: ExpertID(0)).count == 2)
    #expect(draft.forecast(LayerID(0)).longest <= 64)
  }

  @Test func withoutRoundsNothingMoves() throws {
    let small = try SmallLayer(tokens: [50, 40, 20, 10], on: [0, 0, 1, 1])
    #expect(small.improved(by: PlaceReplicas(rounds: 0)).bytesMoved == 0)
  }
}
