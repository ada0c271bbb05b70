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

  @Test func maskedDevicesGetNoTokens() throws {
    let borrowing = DispatchPolicy.borrowing(
      BorrowLimits(imbalanceThreshold: 1, capacityFactor: 1, minimumChunkTokens: 1))
    var masked = 0
    for seed in 0..<300 as Range<UInt64> {
      let instance = try SyntheticInstance(seed: seed, devices: 2...9, experts: 1...12, tokens: 1, precisions: 4)
      let device = DeviceID(Int(seed % UInt64(instance.topology.devices.count)))
      let layer = instance.placement.layers[0]
      let lost = layer.replicas.first { replica in
        layer.replicas(of: replica.expert).allSatisfy { $0.device == device }
      }
      do throws(RoutingTableError) {
        let table = try RoutingTable(
          instance.placement, handle: { $1.device == device ? nil : 1 }, shape: instance.shape,
          topology: instance.topology, cost: .tokens, policy: seed % 2 == 0 ? .resident : borrowing,
          maskedDevices: [device])
        #expect(lost == nil, "seed \(seed)")
        var dispatcher = Dispatcher()
        var dispatch = Dispatch()
        if let selection = try? instance.selection(tokens: 60) {
          dispatcher.dispatch(selection, layer: LayerID(0), table: table, into: &dispatch)
          #expect(dispatch.rows.count == selection.assignmentCount, "seed \(seed)")
        }
        #expect(dispatch.runs(on: device).isEmpty && dispatch.deviceTimes[device.index] == 0, "seed \(seed)")
        masked += 1
      } catch {
        #expect(lost.map { error == .lastReplicaMasked(LayerID(0), $0) } == true, "seed \(seed)")
      }
    }
    #expect(masked > 0)
  }
}
