import BallastRuntime

/// One layer, some of its experts copied once, and one skewed batch for it.
struct Workload {
  let path: ServingPath
  let selection: Selection
  let layer = LayerID(0)
  let tokens: Int

  /// 64 tokens for a model of 128 experts on 8 devices, every fourth expert copied once.
  init() throws { try self.init(tokens: 64, experts: 128, devices: 8, copyEvery: 4, cost: .tokens, policy: .resident) }

  init(
    tokens: Int, experts: Int, devices: Int, copyEvery: Int, cost: CostModel, policy: DispatchPolicy
  ) throws {
    self.tokens = tokens
    let shape = try ModelShape(
      layers: 1, expertsPerLayer: experts, expertsPerToken: 8, bytesPerExpert: PerPrecision(repeating: 1),
      fullPrecision: .bfloat16)
    let topology = try Topology.uniform(devices: devices, memoryBytesPerDevice: 1 << 20)
    let originals = Placement.contiguous(shape: shape, topology: topology)[layer].replicas
    let copies = originals.filter { $0.expert.index % copyEvery == 0 }.map {
      Replica(
        expert: $0.expert, device: DeviceID(($0.device.index + devices / 2) % devices), precision: .bfloat16)
    }
    let placement = Placement(layers: [LayerPlacement(originals + copies)])
    try placement.check(shape: shape, topology: topology)
    let table = try RoutingTable(
      placement, handle: { _, replica in UInt32(replica.expert.index * devices + replica.device.index) },
      shape: shape, topology: topology, cost: cost, policy: policy)
    path = ServingPath(table: table, executor: IdleExecutor(shape: shape, topology: topology), laneLimit: 2)
    selection = try Self.batch(tokens: tokens, shape: shape)
  }

  /// Half of the choices fall on a quarter of the experts, as by a router that prefers them.
  private static func batch(tokens: Int, shape: ModelShape) throws -> Selection {
    var selection = Selection(expertsPerLayer: shape.expertsPerLayer)
    var experts: [Int32] = []
    for token in 0..<tokens {
      for choice in 0..<shape.expertsPerToken {
        let position = token * 37 + choice * 12
        let few = shape.expertsPerLayer / 4
        experts.append(
          Int32(choice % 2 == 0 ? position % few : few + position % (shape.expertsPerLayer - few)))
      }
    }
    let gates = [Float](repeating: 1 / Float(shape.expertsPerToken), count: experts.count)
    try selection.append(
      experts: experts.span, gates: gates.span, expertsPerToken: shape.expertsPerToken,
      traits: TokenTraits(phase: .decode))
    return selection
  }
}
