import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct LayerChangeTests {
  @Test func removedGoesAndAddedComesInOrder() {
    let layer = LayerPlacement([Replica(0, on: 0), Replica(1, on: 1)])
    let next = layer.applying(
      LayerChange(
        layer: LayerID(0), removed: [Replica(1, on: 1)], added: [Replica(1, on: 0, .int8), Replica(0, on: 1)]))
    #expect(next.replicas == [Replica(0, on: 0), Replica(0, on: 1), Replica(1, on: 0, .int8)])
  }

  @Test func removingWhatIsNotThereChangesNothing() {
    let layer = LayerPlacement([Replica(0, on: 0)])
    #expect(layer.applying(LayerChange(layer: LayerID(0), removed: [Replica(0, on: 0, .int8)])) == layer)
  }

  @Test func dropsThatTogetherLeaveAnExpertWithoutAReplicaAreSeen() {
    let layer = LayerPlacement([Replica(0, on: 0), Replica(0, on: 1), Replica(1, on: 0)])
    func keeps(_ removed: [Replica], _ added: [Replica] = []) -> Bool {
      layer.keepsExperts(LayerChange(layer: LayerID(0), removed: removed, added: added))
    }
    #expect(keeps([Replica(0, on: 0)]) && keeps([Replica(0, on: 1)]) && keeps([]))
    #expect(!keeps([Replica(0, on: 0), Replica(0, on: 1)]))
    #expect(!keeps([Replica(1, on: 0)]))
    #expect(keeps([Replica(1, on: 0)], [.stored(1, on: 0)]))
  }
}
