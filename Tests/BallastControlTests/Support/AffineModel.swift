import BallastRuntime

@testable import BallastControl

/// A model whose tokens go from layer to layer by a matrix, on a few devices.
struct AffineModel {
  let shape: ModelShape
  let topology: Topology
  var estimate: LoadEstimate
  var price: LinkPrice
  let cost = CostModel.tokens

  init(
    layers: Int, experts: Int, devices: Int, nodes: Int = 1, rounds: Int = 1, price: LinkPrice,
    own: (_ layer: Int, _ source: Int, _ target: Int) -> Double = { _, _, _ in 0 },
    tokens: (_ from: Int, _ source: Int, _ target: Int) -> Double
  ) throws {
    shape = try ModelShape(
      layers: layers, expertsPerLayer: experts, expertsPerToken: 1,
      bytesPerExpert: PerPrecision { [4000, 2000, 1000, 500][Int($0.rawValue)] }, fullPrecision: .bfloat16,
      roundsPerLayer: rounds)
    topology = try Topology.uniform(devices: devices, nodes: nodes, memoryBytesPerDevice: 1 << 40)
    var transitions = (0..<layers - 1).map { layer in
      AffinityEstimate.Transition(
        from: LayerID(layer), to: LayerID(layer + 1),
        tokens: (0..<experts * experts).map { tokens(layer, $0 / experts, $0 % experts) })
    }
    if rounds > 1 {
      transitions += (0..<layers).map { layer in
        AffinityEstimate.Transition(
          from: LayerID(layer), to: LayerID(layer),
          tokens: (0..<experts * experts).map { own(layer, $0 / experts, $0 % experts) })
      }
    }
    // The load of an expert is what comes to it; of the first layer, what leaves it.
    let first = layers > 1 ? tokens : own
    var loads = [(0..<experts).map { source in (0..<experts).reduce(0) { $0 + first(0, source, $1) } }]
    for layer in 0..<layers - 1 {
      loads.append((0..<experts).map { target in (0..<experts).reduce(0) { $0 + tokens(layer, $1, target) } })
    }
    estimate = LoadEstimate(tokensPerBatch: loads)
    estimate.affinity = AffinityEstimate(
      expertsPerLayer: experts, roundsPerLayer: rounds, transitions: transitions)
    self.price = price
  }

  /// Random transitions, some experts far busier than others.
  static func random(
    seed: UInt64, layers: Int, experts: Int, devices: Int, nodes: Int = 1, rounds: Int = 1, price: LinkPrice
  ) throws -> AffineModel {
    var random = SeededRandom(seed: seed)
    func table() -> [Double] {
      (0..<layers * experts * experts).map { _ in
        Double(Int.random(in: 0...100, using: &random)) / Double(Int.random(in: 1...10, using: &random))
      }
    }
    let (between, own) = (table(), table())
    return try AffineModel(
      layers: layers, experts: experts, devices: devices, nodes: nodes, rounds: rounds, price: price,
      own: { own[($0 * experts + $1) * experts + $2] },
      tokens: { between[($0 * experts + $1) * experts + $2] })
  }

  /// Blocks of experts that hand their tokens on within a block only, scattered over the experts of every layer.
  static func planted(
    seed: UInt64, layers: Int, experts: Int, devices: Int, rounds: Int = 1, price: LinkPrice
  ) throws -> AffineModel {
    var random = SeededRandom(seed: seed)
    let blocks = (0..<layers).map { _ in (0..<experts).map { $0 * devices / experts }.shuffled(using: &random) }
    return try AffineModel(
      layers: layers, experts: experts, devices: devices, rounds: rounds, price: price,
      own: { blocks[$0][$1] == blocks[$0][$2] ? 10 : 0 },
      tokens: { blocks[$0][$1] == blocks[$0 + 1][$2] ? 10 : 0 })
  }

  var start: Placement { Placement.contiguous(shape: shape, topology: topology) }

  var search: AffinitySearch? {
    AffinitySearch(shape: shape, topology: topology, cost: cost, estimate: estimate, price: price)
  }

  func moves(_ placement: Placement) -> TokenMoves? {
    estimate.affinity.map { TokenMoves($0, placement, topology) }
  }

  /// `[layer][device]`: replicas.
  func counts(_ placement: Placement) -> [[Int]] {
    placement.layers.map { layer in
      topology.devices.indices.map { device in layer.replicas.filter { $0.device.index == device }.count }
    }
  }

  /// The least objective over every placement with as many experts on each device as `start` has.
  func leastObjective(_ search: AffinitySearch) -> Double {
    let perLayer = Self.arrangements(start.layers[0].replicas.map(\.device.index))
    var best = Double.infinity
    func extend(_ layers: [LayerPlacement]) {
      guard layers.count < shape.layers else {
        best = min(best, search.objective(layers))
        return
      }
      for devices in perLayer {
        extend(layers + [LayerPlacement(devices.enumerated().map { Replica($0.offset, on: $0.element) })])
      }
    }
    extend([])
    return best
  }

  /// Every distinct order of `values`.
  private static func arrangements(_ values: [Int]) -> [[Int]] {
    guard !values.isEmpty else { return [[]] }
    return Set(values).sorted().flatMap { value in
      var rest = values
      rest.remove(at: rest.firstIndex(of: value) ?? 0)
      return arrangements(rest).map { [value] + $0 }
    }
  }
}
