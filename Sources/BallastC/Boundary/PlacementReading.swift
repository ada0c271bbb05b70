import BallastRuntime
import CBallast

extension Placement {
  // Safety: the caller states how many replicas there are; `span` looks at their address and checks every index.
  /// The placement a caller states; nil where the address is null and nothing is stated.
  init?(
    optional replicas: UnsafePointer<ballast_replica>?, count: UInt64, shape: ModelShape, topology: Topology
  ) throws(Refusal) {
    guard unsafe replicas != nil else {
      guard count == 0 else { throw .badPointer("placement is null; replica_count is \(count)") }
      return nil
    }
    // No expert is twice on a device.
    let most = shape.experts.multipliedReportingOverflow(by: topology.devices.count)
    guard count <= UInt64(most.overflow ? Int.max : most.partialValue) else {
      throw .badValue("replica_count is \(count); there is room for \(most.partialValue)")
    }
    try self.init(try unsafe span(replicas, Int(count), "placement"), shape: shape, topology: topology)
  }

  private init(_ given: Span<ballast_replica>, shape: ModelShape, topology: Topology) throws(Refusal) {
    var layers = Array(repeating: [Replica](), count: shape.layers)
    for index in given.indices {
      let replica = given[index]
      guard replica.layer < shape.layers else {
        throw .badValue("a replica is of layer \(replica.layer); the model has \(shape.layers)")
      }
      layers[Int(replica.layer)].append(
        Replica(
          expert: ExpertID(Int(replica.expert)), device: DeviceID(Int(replica.device)),
          precision: try Precision(checked: replica.precision, "precision")))
    }
    self.init(layers: layers.map { LayerPlacement($0) })
    let placement = self
    try refusing(BALLAST_PLACEMENT_REFUSED) { () throws(PlacementError) in
      try placement.check(shape: shape, topology: topology)
    }
  }
}

extension ballast_replica {
  init(_ replica: Replica, layer: LayerID, name: UInt32 = 0) {
    self.init(
      layer: UInt32(layer.index), expert: UInt32(replica.expert.index), device: UInt32(replica.device.index),
      precision: UInt32(replica.precision.rawValue), replica: name, reserved: 0)
  }
}

extension Placement {
  /// Every replica in the order of layers, experts and devices, nameless.
  func listed() -> [ballast_replica] {
    layers.enumerated().flatMap { index, layer in
      layer.replicas.map { ballast_replica($0, layer: LayerID(index)) }
    }
  }
}

extension RoutingTable {
  /// Every replica in the order of layers, experts and devices, with its name.
  func listed() -> [ballast_replica] {
    placement.layers.enumerated().flatMap { index, layer in
      zip(layer.replicas, handles(LayerID(index))).map { ballast_replica($0, layer: LayerID(index), name: $1) }
    }
  }
}
