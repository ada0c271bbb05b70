import BallastRuntime

/// One batch on one layer, and how long its dispatch takes: what a solver needs to judge it.
public struct DispatchInstance: Hashable, Codable, Sendable {
  /// Which instance it is: where it came from, and its seed or its place.
  public let name: String
  /// Devices of the layer.
  public let devices: Int
  /// `[expert]`: tokens.
  public let loads: [Int]
  /// `[replica]`: the expert each is a copy of, ascending.
  public let replicaExperts: [Int]
  /// `[replica]`: where it lives.
  public let replicaDevices: [Int]
  /// `[replica]`: nanoseconds to touch it there.
  public let activation: [Double]
  /// `[replica]`: nanoseconds a token takes there.
  public let perToken: [Double]
  /// Nanoseconds of the busiest device, as dispatched.
  public let longest: Double

  /// Dispatches `loads` over the only layer of `placement`.
  ///
  /// - Throws: `BenchError`.
  init(
    _ name: String, loads: [Int], placement: Placement, shape: ModelShape, topology: Topology, cost: CostModel
  ) async throws(BenchError) {
    let layer = try await SimulatedLayer(shape: shape, topology: topology, cost: cost, placement: placement)
    let batch = try BenchError.making { () throws(SelectionError) in
      let ids = loads.enumerated().flatMap { expert, load in repeatElement(UInt16(expert), count: load) }
      let gates = Array(repeating: Float(1), count: ids.count)
      var selection = Selection(expertsPerLayer: shape.expertsPerLayer)
      try selection.append(
        experts: ids.span, gates: gates.span, expertsPerToken: 1, traits: TokenTraits(phase: .prefill))
      return selection
    }
    let step = try layer.steps([batch], law: cost)[0]
    let replicas = placement.layers[0].replicas
    func nanoseconds(_ coefficients: PerPrecision<Double>) -> [Double] {
      replicas.map { coefficients[$0.precision] / topology[$0.device].relativeSpeed }
    }
    self.name = name
    devices = topology.devices.count
    self.loads = loads
    replicaExperts = replicas.map(\.expert.index)
    replicaDevices = replicas.map(\.device.index)
    activation = nanoseconds(cost.activationNanoseconds)
    perToken = nanoseconds(cost.perTokenNanoseconds)
    longest = step.longest
  }
}
