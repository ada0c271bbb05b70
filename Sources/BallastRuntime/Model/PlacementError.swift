/// Which invariant a placement breaks, and where.
public enum PlacementError: Error, Hashable, CustomStringConvertible {
  /// The placement has another number of layers than the model.
  case layerCount(placement: Int, model: Int)
  /// A replica names an expert the model does not have.
  case unknownExpert(layer: LayerID, expert: ExpertID, experts: Int)
  /// A replica lives on a device the topology does not have.
  case unknownDevice(layer: LayerID, device: DeviceID, devices: Int)
  /// An expert has no replica.
  case missingExpert(layer: LayerID, expert: ExpertID)
  /// A device holds an expert twice.
  case duplicate(layer: LayerID, expert: ExpertID, device: DeviceID)
  /// A stored replica claims another precision than the checkpoint's own.
  case storedPrecision(layer: LayerID, expert: ExpertID, precision: Precision, full: Precision)
  /// A device holds more bytes than it has.
  case memoryExceeded(device: DeviceID, bytes: Int, memoryBytes: Int)

  /// The fact, with the values.
  public var description: String {
    switch self {
    case .layerCount(let placement, let model):
      "the placement has \(placement) layers, the model \(model)"
    case .unknownExpert(let layer, let expert, let experts):
      "layer \(layer) places expert \(expert), but the model has experts 0 to \(experts - 1)"
    case .unknownDevice(let layer, let device, let devices):
      "layer \(layer) uses device \(device), but the topology has devices 0 to \(devices - 1)"
    case .missingExpert(let layer, let expert):
      "layer \(layer) has no replica of expert \(expert)"
    case .duplicate(let layer, let expert, let device):
      "layer \(layer) has expert \(expert) twice on device \(device)"
    case .storedPrecision(let layer, let expert, let precision, let full):
      "layer \(layer) has expert \(expert) stored at \(precision); what is stored is the checkpoint's \(full)"
    case .memoryExceeded(let device, let bytes, let memoryBytes):
      "device \(device) would hold \(bytes) bytes but has \(memoryBytes)"
    }
  }
}

extension Placement {
  /// Runs every invariant: each expert has a replica, possibly stored, none twice on a device, all names are known, memory
  /// holds.
  ///
  /// - Throws: The first broken invariant, in layer order; memory last.
  /// - Complexity: O(replicas).
  public func check(shape: ModelShape, topology: Topology) throws(PlacementError) {
    try checkNames(layers: shape.layers, experts: shape.expertsPerLayer, devices: topology.devices.count)
    for (index, layer) in layers.enumerated() {
      for replica in layer.replicas where replica.residency == .stored && replica.precision != shape.fullPrecision {
        throw .storedPrecision(
          layer: LayerID(index), expert: replica.expert, precision: replica.precision, full: shape.fullPrecision)
      }
    }
    let bytes = bytesPerDevice(shape: shape, devices: topology.devices.count)
    for (index, used) in bytes.enumerated() where used > topology.devices[index].memoryBytes {
      throw .memoryExceeded(device: DeviceID(index), bytes: used, memoryBytes: topology.devices[index].memoryBytes)
    }
  }
}

extension Placement {
  /// The invariants that need no bytes.
  package func checkNames(layers count: Int, experts: Int, devices: Int) throws(PlacementError) {
    guard layers.count == count else { throw .layerCount(placement: layers.count, model: count) }
    for (index, layer) in layers.enumerated() {
      try layer.check(LayerID(index), experts: experts, devices: devices)
    }
  }
}

extension LayerPlacement {
  fileprivate func check(_ layer: LayerID, experts: Int, devices: Int) throws(PlacementError) {
    var next = 0
    var previous: Replica?
    for replica in replicas {
      guard (0..<experts).contains(replica.expert.index) else {
        throw .unknownExpert(layer: layer, expert: replica.expert, experts: experts)
      }
      guard (0..<devices).contains(replica.device.index) else {
        throw .unknownDevice(layer: layer, device: replica.device, devices: devices)
      }
      if let previous, previous.expert == replica.expert, previous.device == replica.device {
        throw .duplicate(layer: layer, expert: replica.expert, device: replica.device)
      }
      if replica.expert.index > next { throw .missingExpert(layer: layer, expert: ExpertID(next)) }
      next = max(next, replica.expert.index + 1)
      previous = replica
    }
    if next < experts { throw .missingExpert(layer: layer, expert: ExpertID(next)) }
  }
}
