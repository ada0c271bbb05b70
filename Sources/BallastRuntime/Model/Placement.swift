/// The set of replicas that exist.
///
/// A value: a change is another placement.
public struct Placement: Hashable, Sendable {
  /// The replicas of each layer.
  public var layers: [LayerPlacement]

  /// Joins layers into a placement; `check(shape:topology:)` says whether it is one that can be served.
  public init(layers: [LayerPlacement]) { self.layers = layers }

  /// One copy of each expert at full precision, in contiguous runs: device 0 has the first experts.
  ///
  /// This is what an engine without a balancer does, and what Ballast starts from.
  public static func contiguous(shape: ModelShape, topology: Topology) -> Placement {
    let devices = topology.devices.count
    let layer = LayerPlacement(
      (0..<shape.expertsPerLayer).map {
        Replica(
          expert: ExpertID($0), device: DeviceID($0 * devices / shape.expertsPerLayer),
          precision: shape.fullPrecision)
      })
    return Placement(layers: Array(repeating: layer, count: shape.layers))
  }

  /// The replicas of one layer.
  public subscript(layer: LayerID) -> LayerPlacement {
    get { layers[layer.index] }
    set { layers[layer.index] = newValue }
  }

  /// Replicas of all layers.
  public var replicaCount: Int { layers.reduce(0) { $0 + $1.replicas.count } }

  /// Replicas of all layers that are stored.
  public var storedCount: Int { layers.reduce(0) { $0 + $1.replicas.count { $0.residency == .stored } } }

  /// Bytes the replicas take on each device, by `shape`'s bytes per expert.
  ///
  /// - Complexity: O(replicas).
  public func bytesPerDevice(shape: ModelShape, devices: Int) -> [Int] {
    var bytes = Array(repeating: 0, count: devices)
    for layer in layers {
      for replica in layer.replicas {
        bytes[replica.device.index] += shape.bytes(of: replica)
      }
    }
    return bytes
  }

  /// Replicas of `next` that put an expert on a device where it is not now.
  ///
  /// A change of precision in place moves none.
  ///
  /// - Complexity: O(replicas · log replicas).
  public func copiesMoved(to next: Placement) -> Int {
    zip(layers, next.layers).reduce(0) { sum, pair in
      sum + pair.1.replicas.filter { pair.0.replica(of: $0.expert, on: $0.device) == nil }.count
    }
  }
}
