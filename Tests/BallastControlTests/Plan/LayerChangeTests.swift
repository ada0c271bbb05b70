import BallastControl
import BallastRuntime
import Testing

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
}
