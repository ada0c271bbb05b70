import BallastRuntime
import Testing

@Suite struct PlacementTests {
  private func makeShape(layers: Int = 1, experts: Int = 4) throws -> ModelShape {
    try ModelShape(
      layers: layers, expertsPerLayer: experts, expertsPerToken: 1,
      bytesPerExpert: PerPrecision { $0 == .int8 ? 5 : 10 }, fullPrecision: .bfloat16)
  }

  private func replica(_ expert: Int, _ device: Int, _ precision: Precision = .bfloat16) -> Replica {
    Replica(expert: ExpertID(expert), device: DeviceID(device), precision: precision)
  }

  @Test func contiguousPlacesEachExpertOnce() throws {
    let shape = try makeShape(layers: 2, experts: 10)
    let topology = try Topology.uniform(devices: 4, memoryBytesPerDevice: 60)
    let placement = Placement.contiguous(shape: shape, topology: topology)
    try placement.check(shape: shape, topology: topology)
    #expect(placement.replicaCount == 20)
    #expect(placement[LayerID(1)].replicas.map(\.device.index) == [0, 0, 0, 1, 1, 2, 2, 2, 3, 3])
    #expect(placement.bytesPerDevice(shape: shape, devices: 4) == [60, 40, 60, 40])
  }

  @Test func everyBrokenInvariantIsNamed() throws {
    let shape = try makeShape()
    let topology = try Topology.uniform(devices: 2, memoryBytesPerDevice: 30)
    let whole = [replica(0, 0), replica(1, 0), replica(2, 1), replica(3, 1)]
    func check(_ replicas: [Replica]) throws(PlacementError) {
      try Placement(layers: [LayerPlacement(replicas)]).check(shape: shape, topology: topology)
    }
    try check(whole)
    let layer = LayerID(0)
    #expect(throws: PlacementError.layerCount(placement: 0, model: 1)) {
      try Placement(layers: []).check(shape: shape, topology: topology)
    }
    for expert in [4, -1] {
      #expect(throws: PlacementError.unknownExpert(layer: layer, expert: ExpertID(expert), experts: 4)) {
        try check(whole + [replica(expert, 0)])
      }
    }
    for device in [2, -1] {
      #expect(throws: PlacementError.unknownDevice(layer: layer, device: DeviceID(device), devices: 2)) {
        try check(whole + [replica(0, device)])
      }
    }
    for missing in 0..<4 {
      #expect(throws: PlacementError.missingExpert(layer: layer, expert: ExpertID(missing))) {
        try check(whole.filter { $0.expert.index != missing })
      }
    }
    #expect(throws: PlacementError.missingExpert(layer: layer, expert: ExpertID(0))) { try check([]) }
    #expect(throws: PlacementError.duplicate(layer: layer, expert: ExpertID(0), device: DeviceID(0))) {
      try check(whole + [replica(0, 0, .int8)])
    }
    #expect(throws: PlacementError.memoryExceeded(device: DeviceID(0), bytes: 35, memoryBytes: 30)) {
      try check(whole + [replica(2, 0), replica(3, 0, .int8)])
    }
  }

  @Test func whatIsStoredIsAtTheCheckpointsPrecisionAndTakesNoBytes() throws {
    let shape = try makeShape()
    let topology = try Topology.uniform(devices: 2, memoryBytesPerDevice: 10)
    var replicas = [replica(0, 0), replica(1, 0), replica(2, 1), replica(3, 1)]
    for expert in [1, 3] { replicas[expert].residency = .stored }
    let placement = Placement(layers: [LayerPlacement(replicas)])
    try placement.check(shape: shape, topology: topology)
    #expect(placement.storedCount == 2)
    #expect(placement.bytesPerDevice(shape: shape, devices: 2) == [10, 10])
    replicas[1].precision = .int8
    #expect(
      throws: PlacementError.storedPrecision(
        layer: LayerID(0), expert: ExpertID(1), precision: .int8, full: .bfloat16)
    ) {
      try Placement(layers: [LayerPlacement(replicas)]).check(shape: shape, topology: topology)
    }
  }

  @Test func randomChangesAreCaught() throws {
    for seed in 0..<200 as Range<UInt64> {
      let instance = try SyntheticInstance(seed: seed, devices: 1...9, experts: 1...24, tokens: 1, precisions: 4)
      try instance.placement.check(shape: instance.shape, topology: instance.topology)
      var random = SplitMix64(seed: seed)
      var replicas = instance.placement.layers[0].replicas
      let victim = replicas[random.pick(0...replicas.count - 1)]
      switch random.pick(0...2) {
      case 0: replicas.append(victim)
      case 1: replicas.removeAll { $0.expert == victim.expert }
      default: replicas.append(Replica(expert: victim.expert, device: DeviceID(9), precision: .int4))
      }
      #expect(throws: PlacementError.self, "seed \(seed)") {
        try Placement(layers: [LayerPlacement(replicas)]).check(shape: instance.shape, topology: instance.topology)
      }
    }
  }
}
