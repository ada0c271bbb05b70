import BallastRuntime
import Testing

@Suite struct ReplicaGraphTests {
  @Test func aDevicesSpeedIsInTheCostOfItsReplicas() throws {
    let topology = try Topology(
      devices: [1.0, 2.0].map { Topology.Device(memoryBytes: 1, relativeSpeed: $0) })
    let layer = LayerPlacement([
      Replica(expert: ExpertID(0), device: DeviceID(0), precision: .float32),
      Replica(expert: ExpertID(2), device: DeviceID(1), precision: .int8),
      Replica(expert: ExpertID(2), device: DeviceID(0), precision: .float32),
    ])
    let graph = ReplicaGraph(layer, experts: 4, topology: topology, cost: .mixed(activation: 40))
    #expect((0..<4).map(graph.replicas) == [0..<1, 1..<1, 1..<3, 3..<3])
    #expect(graph.device == [0, 0, 1])
    #expect(graph.activation == [40, 40, 7])
    #expect(graph.perToken == [1, 1, 0.175])
    #expect(graph.shortestToken == 0.175)
    #expect(graph.hasActivation)
    #expect(!ReplicaGraph(layer, experts: 4, topology: topology, cost: .tokens).hasActivation)
  }
}
