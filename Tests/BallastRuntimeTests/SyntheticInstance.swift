import BallastRuntime

/// One layer with random replicas and loads, from a seed.
struct SyntheticInstance {
  let seed: UInt64
  let shape: ModelShape
  let topology: Topology
  let placement: Placement
  /// Tokens, `[expert]`.
  var loads: [Int]

  // `precisions`: how many precisions replicas may have, from float32 down.
  init(seed: UInt64, devices: ClosedRange<Int>, experts: ClosedRange<Int>, tokens: Int, precisions: Int = 1) throws {
    var random = SplitMix64(seed: seed)
    let deviceCount = random.pick(devices)
    let expertCount = random.pick(experts)
    self.seed = seed
    shape = try ModelShape(
      layers: 1, expertsPerLayer: expertCount, expertsPerToken: random.pick(1...min(4, expertCount)),
      bytesPerExpert: PerPrecision(repeating: 1_000), fullPrecision: .float32)
    topology = try .uniform(devices: deviceCount, memoryBytesPerDevice: 1 << 40)
    var replicas: [Replica] = []
    for expert in 0..<expertCount {
      let copies = min(deviceCount, random.pick(0...2) == 0 ? random.pick(2...3) : 1)
      for device in (0..<deviceCount).shuffled(using: &random).prefix(copies) {
        replicas.append(
          Replica(
            expert: ExpertID(expert), device: DeviceID(device),
            precision: Precision.allCases[random.pick(0...precisions - 1)]))
      }
    }
    placement = Placement(layers: [LayerPlacement(replicas)])
    let skew = random.fraction() * 3
    loads = (0..<expertCount).map { _ in
      Int(Double(tokens) * (1...Int(1 + skew)).reduce(1.0) { product, _ in product * random.fraction() })
    }
  }

  func graph(_ cost: CostModel) -> ReplicaGraph {
    ReplicaGraph(placement.layers[0], experts: shape.expertsPerLayer, topology: topology, cost: cost)
  }

  func table(_ cost: CostModel, policy: DispatchPolicy = .resident) throws -> RoutingTable {
    try RoutingTable(
      placement, handle: { UInt32($1.expert.index * 1_000 + $1.device.index) }, shape: shape, topology: topology,
      cost: cost, policy: policy)
  }

  /// The loads divided by `BatchSplit`.
  func split(_ cost: CostModel, wholeTokens: Bool = true) -> BatchSplit {
    let graph = graph(cost)
    var split = BatchSplit()
    split.begin(graph)
    for (expert, load) in loads.enumerated() where load > 0 {
      split.add(expert: expert, tokens: Double(load), graph: graph)
    }
    split.solve(graph, wholeTokens: wholeTokens)
    return split
  }

  /// A ragged selection with several phases and least precisions.
  func selection(tokens: Int) throws -> Selection {
    var random = SplitMix64(seed: seed ^ 0xabcd)
    var selection = Selection(expertsPerLayer: shape.expertsPerLayer)
    for _ in 0..<tokens {
      let count = random.pick(1...shape.expertsPerToken)
      let experts = Array((0..<shape.expertsPerLayer).shuffled(using: &random).prefix(count))
      let gates = experts.map { _ in Float(random.fraction()) }
      let traits = TokenTraits(
        phase: random.pick(0...1) == 0 ? .prefill : .decode, isCounted: random.pick(0...4) > 0,
        leastPrecision: Precision.allCases[random.pick(0...3)])
      try selection.append(experts: experts.span, gates: gates.span, expertsPerToken: count, traits: traits)
    }
    return selection
  }
}

extension CostModel {
  /// Activation and arithmetic, both cheaper at lower precision.
  static func mixed(activation: Double, perToken: Double = 1) -> CostModel {
    let shares: [Precision: Double] = [.float32: 1, .bfloat16: 0.6, .int8: 0.35, .int4: 0.2]
    return CostModel(
      activationNanoseconds: PerPrecision { activation * (shares[$0] ?? 1) },
      perTokenNanoseconds: PerPrecision { perToken * (shares[$0] ?? 1) }, linkBytesPerSecond: 1e9,
      nodeLinkBytesPerSecond: 1e8)
  }
}
