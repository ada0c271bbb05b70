extension SealedWords {
  /// Adds a placement: for each layer its number of replicas, then a word for each.
  package mutating func append(_ placement: Placement) {
    append(placement.layers.count)
    for layer in placement.layers {
      append(layer.replicas.count)
      for replica in layer.replicas {
        append(
          UInt64(replica.expert.index) | UInt64(replica.device.index) << 24 | UInt64(replica.precision.rawValue) << 48
            | UInt64(replica.residency.rawValue) << 56)
      }
    }
  }
}

extension SealedReader {
  /// A placement of as many layers and experts, on as many devices; every expert has a replica, none twice on a device.
  package mutating func placement(
    layers: Int, experts: Int, devices: Int
  ) throws(SealedError) -> Placement {
    _ = try integer("layers of a placement", in: layers...layers)
    var all: [LayerPlacement] = []
    for _ in 0..<layers {
      let count = try count("replicas of a layer", most: experts * devices)
      var replicas: [Replica] = []
      for _ in 0..<count {
        let word = try word()
        guard let precision = Precision(rawValue: UInt8(word >> 48 & 0xff)) else {
          throw .outOfRange("a precision", value: "\(word >> 48 & 0xff)", allowed: "0 to 3")
        }
        guard let residency = Residency(rawValue: UInt8(word >> 56)) else {
          throw .outOfRange("a residency", value: "\(word >> 56)", allowed: "0 and 1")
        }
        replicas.append(
          Replica(
            expert: ExpertID(Int(word & 0xff_ffff)), device: DeviceID(Int(word >> 24 & 0xff_ffff)),
            precision: precision, residency: residency))
      }
      all.append(LayerPlacement(replicas))
    }
    let placement = Placement(layers: all)
    do throws(PlacementError) {
      try placement.checkNames(layers: layers, experts: experts, devices: devices)
    } catch {
      throw .placement(error)
    }
    return placement
  }
}
