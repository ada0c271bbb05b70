import BallastControl
import BallastRuntime
import CBallast

// What a model, a cluster and a placement are in Swift, once they are checked.

extension ballast_model {
  func shape() throws(Refusal) -> ModelShape {
    guard reserved == 0 else {
      throw Refusal(BALLAST_BAD_SIZE, "reserved of ballast_model is \(reserved); set it to 0")
    }
    let full = try Precision(checked: full_precision, "full_precision")
    let (float32, bfloat16, int8, int4) = bytes_per_expert
    let bytes = PerPrecision { precision in
      switch precision {
      case .float32: Int(clamping: float32)
      case .bfloat16: Int(clamping: bfloat16)
      case .int8: Int(clamping: int8)
      case .int4: Int(clamping: int4)
      }
    }
    return try refusing(BALLAST_BAD_VALUE) { () throws(ModelShapeError) in
      try ModelShape(
        layers: Int(layers), expertsPerLayer: Int(experts_per_layer), expertsPerToken: Int(experts_per_token),
        bytesPerExpert: bytes, fullPrecision: full)
    }
  }
}

extension ballast_cluster {
  // Safety: what comes from the caller is checked before it is followed; sizes are those stated.
  func topology() throws(Refusal) -> Topology {
    guard unsafe (1...65_535).contains(device_count) else {
      throw .badValue(unsafe "device_count is \(device_count); allowed is 1 to 65535")
    }
    var list: [Topology.Device] = []
    // Safety: the caller states how many devices there are.
    let given = unsafe try elements(devices, Int(device_count), "devices")
    for index in given.indices {
      let device = unsafe given[index]
      guard device.node < 65_536 else { throw .badValue("node is \(device.node); allowed is 0 to 65535") }
      list.append(
        Topology.Device(
          memoryBytes: Int(clamping: device.memory_bytes), relativeSpeed: device.relative_speed,
          node: NodeID(Int(device.node))))
    }
    return try refusing(BALLAST_BAD_VALUE) { () throws(TopologyError) in try Topology(devices: list) }
  }

  func costModel() throws(Refusal) -> CostModel {
    // Safety: `read` checks what it follows.
    guard let cost = unsafe cost else { return .tokens }
    return try unsafe read(cost).model()
  }
}

extension ballast_cost {
  func model() throws(Refusal) -> CostModel {
    let activation = activation_nanoseconds
    let perToken = per_token_nanoseconds
    for value in [
      activation.0, activation.1, activation.2, activation.3, perToken.0, perToken.1, perToken.2, perToken.3,
    ] {
      guard value.isFinite, value >= 0 else { throw .badValue("a cost is \(value); it must be finite and at least 0") }
    }
    for speed in [link_bytes_per_second, node_link_bytes_per_second] {
      guard speed > 0 else { throw .badValue("a link has \(speed) bytes a second; it must be above 0") }
    }
    return CostModel(
      activationNanoseconds: PerPrecision(activation), perTokenNanoseconds: PerPrecision(perToken),
      linkBytesPerSecond: link_bytes_per_second, nodeLinkBytesPerSecond: node_link_bytes_per_second)
  }
}

extension PerPrecision<Double> {
  fileprivate init(_ values: (Double, Double, Double, Double)) {
    self.init { precision in
      switch precision {
      case .float32: values.0
      case .bfloat16: values.1
      case .int8: values.2
      case .int4: values.3
      }
    }
  }
}

extension Precision {
  init(checked code: UInt32, _ name: String) throws(Refusal) {
    guard let precision = UInt8(exactly: code).flatMap(Precision.init(rawValue:)) else {
      throw .badValue("\(name) is \(code); allowed is 0 to 3 (BALLAST_PRECISION_...)")
    }
    self = precision
  }
}

extension Phase {
  init(checked code: UInt32) throws(Refusal) {
    guard let phase = UInt8(exactly: code).flatMap(Phase.init(rawValue:)) else {
      throw .badValue("phase is \(code); allowed is 0 (prefill) and 1 (decode)")
    }
    self = phase
  }
}

extension Placement {
  // Safety: what comes from the caller is checked before it is followed; sizes are those stated.
  /// The placement a caller states.
  init(
    checked replicas: UnsafePointer<ballast_replica>, count: UInt64, shape: ModelShape, topology: Topology
  ) throws(Refusal) {
    // No expert is twice on a device.
    let most = shape.experts.multipliedReportingOverflow(by: topology.devices.count)
    guard count <= UInt64(most.overflow ? Int.max : most.partialValue) else {
      throw .badValue("replica_count is \(count); there is room for \(most.partialValue)")
    }
    var layers = Array(repeating: [Replica](), count: shape.layers)
    // Safety: the caller states how many replicas there are.
    let given = unsafe try elements(replicas, Int(count), "placement")
    for index in given.indices {
      let replica = unsafe given[index]
      guard replica.layer < shape.layers else {
        throw .badValue("a replica is of layer \(replica.layer); the model has \(shape.layers)")
      }
      layers[Int(replica.layer)].append(
        Replica(
          expert: ExpertID(Int(replica.expert)), device: DeviceID(Int(replica.device)),
          precision: try Precision(checked: replica.precision, "precision")))
    }
    let placement = Placement(layers: layers.map { LayerPlacement($0) })
    try refusing(BALLAST_PLACEMENT_REFUSED) { () throws(PlacementError) in
      try placement.check(shape: shape, topology: topology)
    }
    self = placement
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
