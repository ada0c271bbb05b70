public import BallastRuntime
import BallastSimulator
import Foundation

/// The layer that the serving path is measured with: 256 experts, 288 replicas, 32 devices.
public struct BenchCluster: Sendable {
  /// One layer of 256 experts of which a token chooses 8.
  public let shape: ModelShape
  /// 32 equal devices of one node.
  public let topology: Topology
  /// Every expert once, in contiguous runs.
  public let originals: Placement
  /// The same and one more copy of every eighth expert, half-way around the devices.
  public let copies: Placement
  /// The devices' law: an H200-class accelerator, see `CostModel.h200`.
  public let cost: CostModel

  /// Describes the cluster.
  ///
  /// - Throws: `BenchError.unmade`.
  public init() throws(BenchError) {
    let expert = ExpertSize(hidden: 7168, inner: 2048)
    let (devices, experts) = (32, 256)
    shape = try BenchError.making { () throws(ModelShapeError) in
      try ModelShape(
        layers: 1, expertsPerLayer: experts, expertsPerToken: 8, bytesPerExpert: expert.bytes,
        fullPrecision: .bfloat16)
    }
    topology = try BenchError.making { () throws(TopologyError) in
      try Topology.uniform(devices: devices, memoryBytesPerDevice: 1 << 40)
    }
    cost = .h200(expert)
    originals = Placement.contiguous(shape: shape, topology: topology)
    let all = originals.layers[0].replicas
    let spare = all.filter { $0.expert.index % 8 == 0 }.map { replica in
      Replica(
        expert: replica.expert, device: DeviceID((replica.device.index + devices / 2) % devices),
        precision: replica.precision)
    }
    copies = Placement(layers: [LayerPlacement(all + spare)])
  }

  /// A serving path over `placement`, whose executor computes nothing.
  ///
  /// - Throws: `BenchError.unmade`.
  public func path(
    _ placement: Placement, policy: DispatchPolicy = .resident, cost: CostModel? = nil, lanes: Int = 1
  ) throws(BenchError) -> ServingPath {
    let cost = cost ?? self.cost
    return ServingPath(
      table: try table(placement, policy: policy, cost: cost),
      executor: SimulatedCluster(shape: shape, topology: topology, cost: cost, seed: 0), laneLimit: lanes)
  }

  /// `placement` compiled.
  ///
  /// - Throws: `BenchError.unmade`.
  public func table(
    _ placement: Placement, policy: DispatchPolicy = .resident, cost: CostModel? = nil
  ) throws(BenchError) -> RoutingTable {
    try BenchError.making { () throws(RoutingTableError) in
      try RoutingTable(
        placement, handle: { UInt32($1.expert.index * 64 + $1.device.index) }, shape: shape, topology: topology,
        cost: cost ?? self.cost, policy: policy)
    }
  }

  /// Tokens that choose distinct experts by Zipf's law, the first expert most often; exponent 0 is uniform.
  ///
  /// - Throws: `BenchError.unmade`.
  public func batch(
    tokens: Int, exponent: Double, seed: UInt64, phase: Phase = .prefill
  ) throws(BenchError) -> Selection {
    var random = SplitMix64(seed: seed)
    var sums: [Double] = []
    for rank in 1...shape.expertsPerLayer { sums.append((sums.last ?? 0) + pow(Double(rank), -exponent)) }
    var ids: [UInt16] = []
    for token in 0..<max(tokens, 0) {
      let first = token * shape.expertsPerToken
      while ids.count < first + shape.expertsPerToken {
        let id = UInt16(
          truncatingIfNeeded: Self.place(Double.random(in: 0..<(sums.last ?? 1), using: &random), in: sums))
        if !ids[first...].contains(id) { ids.append(id) }
      }
    }
    let gates = Array(repeating: 1 / Float(shape.expertsPerToken), count: ids.count)
    return try BenchError.making { () throws(SelectionError) in
      var selection = Selection(expertsPerLayer: shape.expertsPerLayer)
      try selection.append(
        experts: ids.span, gates: gates.span, expertsPerToken: shape.expertsPerToken,
        traits: TokenTraits(phase: phase))
      return selection
    }
  }

  /// The first of ascending `sums` above `value`.
  private static func place(_ value: Double, in sums: [Double]) -> Int {
    var (low, high) = (0, sums.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if sums[middle] > value { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
