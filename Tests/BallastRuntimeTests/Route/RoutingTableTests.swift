import BallastRuntime
import Testing

@Suite struct RoutingTableTests {
  @Test func compilesEveryReplicaOfEveryExpert() throws {
    for seed in 0..<100 as Range<UInt64> {
      let instance = try SyntheticInstance(seed: seed, devices: 1...9, experts: 1...24, tokens: 1, precisions: 4)
      let graph = try instance.table(.mixed(activation: 10)).graphs[0]
      for expert in 0..<instance.shape.expertsPerLayer {
        let replicas = instance.placement.layers[0].replicas(of: ExpertID(expert))
        let compiled = graph.replicas(of: expert).map {
          Replica(expert: ExpertID(expert), device: DeviceID(Int(graph.device[$0])), precision: graph.precision[$0])
        }
        #expect(compiled == Array(replicas), "seed \(seed)")
      }
      #expect(graph.device.count == instance.placement.replicaCount, "seed \(seed)")
    }
  }

  @Test func costsFollowPrecisionAndSpeed() throws {
    let topology = try Topology(devices: [
      Topology.Device(memoryBytes: 1), Topology.Device(memoryBytes: 1, relativeSpeed: 2),
    ])
    let layer = LayerPlacement([
      Replica(expert: ExpertID(0), device: DeviceID(0), precision: .float32),
      Replica(expert: ExpertID(0), device: DeviceID(1), precision: .int8),
    ])
    let cost = CostModel.mixed(activation: 100, perToken: 10)
    let graph = ReplicaGraph(layer, experts: 1, topology: topology, cost: cost)
    #expect(graph.activation == [100, 17.5])
    #expect(graph.perToken == [10, 1.75])
    #expect(graph.hasActivation)
    #expect(graph.shortestToken == 1.75)
    #expect(!ReplicaGraph(layer, experts: 1, topology: topology, cost: .tokens).hasActivation)
  }

  @Test func aReplicaThatIsNotStagedIsNamed() throws {
    let instance = try SyntheticInstance(seed: 1, devices: 3...3, experts: 6...6, tokens: 1)
    let missing = instance.placement.layers[0].replicas[3]
    #expect(throws: RoutingTableError.notStaged(LayerID(0), missing)) {
      try RoutingTable(
        instance.placement, handle: { $1 == missing ? nil : 1 }, shape: instance.shape, topology: instance.topology,
        cost: .tokens)
    }
  }
}
