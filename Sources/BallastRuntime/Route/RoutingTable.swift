/// A placement compiled for lookup.
///
/// Immutable; a change is another table.
public final class RoutingTable: Sendable {
  /// Which publication this is, from 0.
  public let version: UInt64
  /// The placement it was compiled from.
  public let placement: Placement
  /// Which replicas a dispatch may use.
  public let policy: DispatchPolicy
  /// A lane samples one batch in this many, per layer; 0 samples none.
  public let samplingInterval: Int
  /// What a device's time consists of.
  public let cost: CostModel
  /// Where the replicas are.
  public let topology: Topology
  /// Bytes per expert at each precision, which is what borrowing pays for.
  let bytesPerExpert: PerPrecision<Int>
  /// The layers' replicas, `[layer]`.
  package let graphs: [ReplicaGraph]
  /// Devices that get no tokens though they hold replicas.
  public let maskedDevices: Set<DeviceID>
  /// Devices that may get tokens.
  var openDevices: Int { topology.devices.count - maskedDevices.count }
  /// Who serves tokens that choose an expert without a resident replica.
  public let residency: ResidencyPolicy
  /// `[layer]`, `[expert]`: whether the expert has no resident replica; nil for layers whose experts all have.
  let evicted: [[Bool]?]
  /// A run without entries for each replica of the layer's graph, `[layer][replica]`.
  let runs: [[Dispatch.Run]]

  /// The executor's handles of a layer's replicas, in the placement's order, masked devices left out.
  package func handles(_ layer: LayerID) -> [UInt32] { runs[layer.index].map(\.handle) }

  /// Compiles `placement`.
  ///
  /// - Parameters:
  ///   - placement: A placement that passed `check`.
  ///   - handle: The executor's handle of each of its replicas; nil when it is not staged.
  ///   - shape: The model.
  ///   - topology: The devices.
  ///   - cost: The cost law the lanes dispatch by.
  ///   - policy: Which replicas a dispatch may use.
  ///   - residency: Who serves tokens that choose an expert without a resident replica.
  ///   - maskedDevices: Devices that get no tokens, such as lost ones; they borrow none either.
  ///   - samplingInterval: One batch in this many is sampled; 0 for none.
  ///   - version: Which publication this is.
  /// - Throws: `RoutingTableError.notStaged` when a replica that may get tokens has no handle, `lastReplicaMasked` when
  ///   every replica of an expert lives on masked devices.
  public init(
    _ placement: Placement, handle: (LayerID, Replica) -> UInt32?, shape: ModelShape, topology: Topology,
    cost: CostModel, policy: DispatchPolicy = .resident, residency: ResidencyPolicy = .all,
    maskedDevices: Set<DeviceID> = [], samplingInterval: Int = 0, version: UInt64 = 0
  ) throws(RoutingTableError) {
    self.version = version
    self.placement = placement
    self.policy = policy
    self.residency = residency
    self.samplingInterval = samplingInterval
    self.cost = cost
    self.topology = topology
    self.maskedDevices = maskedDevices
    bytesPerExpert = shape.bytesPerExpert
    var graphs: [ReplicaGraph] = []
    var runs: [[Dispatch.Run]] = []
    var evicted: [[Bool]?] = []
    for (index, placed) in placement.layers.enumerated() {
      let layer = try placed.without(maskedDevices, layer: LayerID(index))
      graphs.append(
        ReplicaGraph(
          layer, experts: shape.expertsPerLayer, topology: topology, cost: cost, maskedDevices: maskedDevices))
      evicted.append(layer.evicted(experts: shape.expertsPerLayer))
      var row: [Dispatch.Run] = []
      for replica in layer.replicas {
        guard let name = handle(LayerID(index), replica) else { throw .notStaged(LayerID(index), replica) }
        row.append(
          Dispatch.Run(
            expert: replica.expert, precision: replica.precision, residency: replica.residency, handle: name,
            device: replica.device, home: replica.device, entries: 0..<0))
      }
      runs.append(row)
    }
    self.graphs = graphs
    self.runs = runs
    self.evicted = evicted
  }
}

extension LayerPlacement {
  /// `[expert]`: whether all its replicas are stored; nil when no expert's are.
  fileprivate func evicted(experts: Int) -> [Bool]? {
    guard replicas.contains(where: { $0.residency == .stored }) else { return nil }
    var evicted = Array(repeating: true, count: experts)
    for replica in replicas where replica.residency == .resident { evicted[replica.expert.index] = false }
    return evicted
  }

  /// The replicas that may get tokens.
  fileprivate func without(_ masked: Set<DeviceID>, layer: LayerID) throws(RoutingTableError) -> LayerPlacement {
    guard !masked.isEmpty else { return self }
    let open = LayerPlacement(replicas.filter { !masked.contains($0.device) })
    for replica in replicas where masked.contains(replica.device) && open.replicas(of: replica.expert).isEmpty {
      throw .lastReplicaMasked(layer, self.replicas(of: replica.expert).last ?? replica)
    }
    return open
  }
}

/// Why a placement cannot be compiled.
public enum RoutingTableError: Error, Hashable, CustomStringConvertible {
  /// The placement names a replica whose weights are not in place.
  case notStaged(LayerID, Replica)
  /// Every replica of the expert lives on a masked device; this is the last of them.
  case lastReplicaMasked(LayerID, Replica)

  /// The fact.
  public var description: String {
    switch self {
    case .notStaged(let layer, let replica):
      "layer \(layer) names expert \(replica.expert) on device \(replica.device), which is not staged"
    case .lastReplicaMasked(let layer, let replica):
      "layer \(layer) has the last replica of expert \(replica.expert) on device \(replica.device), which is masked; "
        + "unmask it or place a copy elsewhere"
    }
  }
}
