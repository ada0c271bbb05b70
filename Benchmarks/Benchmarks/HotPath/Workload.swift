import BallastRuntime

/// A model of 128 experts on 8 devices, every fourth expert copied once, and one skewed batch for it.
struct Workload {
  let path: ServingPath
  let selection: Selection
  let layer = LayerID(0)
  let tokens = 64

  init() throws {
    let shape = try ModelShape(
      layers: 1, expertsPerLayer: 128, expertsPerToken: 8, bytesPerExpert: PerPrecision(repeating: 1),
      fullPrecision: .bfloat16)
    let topology = try Topology.uniform(devices: 8, memoryBytesPerDevice: 1 << 20)
    let originals = Placement.contiguous(shape: shape, topology: topology)[layer].replicas
    let copies = originals.filter { $0.expert.index % 4 == 0 }.map {
      Replica(expert: $0.expert, device: DeviceID(($0.device.index + 4) % 8), precision: .bfloat16)
    }
    let placement = Placement(layers: [LayerPlacement(originals + copies)])
    try placement.check(shape: shape, topology: topology)
    let table = try RoutingTable(
      placement, handle: { _, replica in UInt32(replica.expert.index * 8 + replica.device.index) },
      shape: shape, topology: topology, cost: .tokens)
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
        experts.append(Int32(choice % 2 == 0 ? position % 32 : 32 + position % 96))
      }
    }
    let gates = [Float](repeating: 1 / Float(shape.expertsPerToken), count: experts.count)
    try selection.append(
      experts: experts.span, gates: gates.span, expertsPerToken: shape.expertsPerToken,
      traits: TokenTraits(phase: .decode))
    return selection
  }
}
