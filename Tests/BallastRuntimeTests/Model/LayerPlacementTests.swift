import BallastRuntime
import Testing

@Suite struct LayerPlacementTests {
  private func replica(_ expert: Int, _ device: Int, _ precision: Precision = .bfloat16) -> Replica {
    Replica(expert: ExpertID(expert), device: DeviceID(device), precision: precision)
  }

  @Test func findsReplicasByExpertAndDevice() {
    let layer = LayerPlacement([replica(2, 0), replica(0, 1, .int8), replica(0, 0), replica(1, 1)])
    #expect(layer.replicas(of: ExpertID(0)).map(\.device.index) == [0, 1])
    #expect(layer.replica(of: ExpertID(0), on: DeviceID(1))?.precision == .int8)
    #expect(layer.replica(of: ExpertID(2), on: DeviceID(1)) == nil)
    #expect(layer.replicas(of: ExpertID(7)).isEmpty)
    #expect(LayerPlacement(layer.replicas.reversed()) == layer)
  }

  @Test func storedReplicasBesideResidentOnesAreSpare() {
    let resident = Replica(expert: ExpertID(0), device: DeviceID(0), precision: .int8)
    let spare = Replica(expert: ExpertID(0), device: DeviceID(1), precision: .bfloat16, residency: .stored)
    let only = Replica(expert: ExpertID(1), device: DeviceID(1), precision: .bfloat16, residency: .stored)
    #expect(LayerPlacement([resident, spare, only]).withoutSpareStored.replicas == [resident, only])
    #expect(LayerPlacement([resident]).withoutSpareStored.replicas == [resident])
  }
}
