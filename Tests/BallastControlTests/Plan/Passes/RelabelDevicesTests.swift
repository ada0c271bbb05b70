import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct RelabelDevicesTests {
  @Test func renamedDevicesMoveNothing() throws {
    let small = try SmallLayer(tokens: [50, 40, 20, 10], on: [0, 0, 1, 1])
    var draft = small.improved(by: RelabelDevices())
    let changed = draft.replace(
      LayerChange(
        layer: LayerID(0), removed: draft.placement.layers[0].replicas,
        added: [Replica(0, on: 1), Replica(1, on: 1), Replica(2, on: 0), Replica(3, on: 0)]))
    #expect(changed == (draft.bytesMoved > 0))
    RelabelDevices().improve(&draft)
    #expect(draft.bytesMoved == 0)
    #expect(Set(draft.placement.layers[0].replicas) == Set(draft.current.layers[0].replicas))
  }
}
