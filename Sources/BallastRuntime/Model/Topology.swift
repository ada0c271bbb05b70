/// The devices, the nodes that group them and the links between them.
public struct Topology: Hashable, Sendable {
  /// One device: memory, speed, and the node it belongs to.
  public struct Device: Hashable, Sendable {
    /// Bytes available for replicas, staging included.
    public var memoryBytes: Int
    /// Work per unit of time relative to a device of speed 1.
    public var relativeSpeed: Double
    /// The node whose fast link this device shares.
    public var node: NodeID

    /// Describes one device; `relativeSpeed` must be positive and finite.
    public init(memoryBytes: Int, relativeSpeed: Double = 1, node: NodeID = NodeID(0)) {
      self.memoryBytes = memoryBytes
      self.relativeSpeed = relativeSpeed
      self.node = node
    }
  }

  /// The devices, indexed by `DeviceID`.
  public let devices: [Device]

  /// Joins devices into a topology.
  ///
  /// - Throws: `TopologyError` when there is no device, more than 65 535, or one is described with
  ///   impossible values.
  public init(devices: [Device]) throws(TopologyError) {
    guard (1...65_535).contains(devices.count) else { throw .deviceCount(devices.count) }
    for (index, device) in devices.enumerated() {
      guard device.relativeSpeed > 0, device.relativeSpeed.isFinite else {
        throw .relativeSpeed(device: DeviceID(index), speed: device.relativeSpeed)
      }
      guard device.memoryBytes >= 0 else {
        throw .memoryBytes(device: DeviceID(index), bytes: device.memoryBytes)
      }
    }
    self.devices = devices
  }

  /// Equal devices, spread over nodes in contiguous runs.
  ///
  /// - Throws: `TopologyError` as `init(devices:)`, and when `devices` does not divide by `nodes`.
  public static func uniform(
    devices: Int, nodes: Int = 1, memoryBytesPerDevice: Int
  ) throws(TopologyError) -> Topology {
    guard (1...65_535).contains(devices) else { throw .deviceCount(devices) }
    guard nodes > 0, devices % nodes == 0 else { throw .unevenNodes(devices: devices, nodes: nodes) }
    return try Topology(
      devices: (0..<devices).map {
        Device(memoryBytes: memoryBytesPerDevice, node: NodeID($0 / (devices / nodes)))
      })
  }

  /// The device named by `id`.
  public subscript(id: DeviceID) -> Device { devices[id.index] }

  /// Nodes with at least one device, counted as the highest node index plus one.
  public var nodes: Int { (devices.map(\.node.index).max() ?? 0) + 1 }
}

/// Why devices do not form a topology.
public enum TopologyError: Error, Hashable, CustomStringConvertible {
  /// There are no devices, or more than 65 535.
  case deviceCount(Int)
  /// The device's relative speed is not a positive finite number.
  case relativeSpeed(device: DeviceID, speed: Double)
  /// The device's memory is negative.
  case memoryBytes(device: DeviceID, bytes: Int)
  /// The devices cannot be shared evenly among the nodes.
  case unevenNodes(devices: Int, nodes: Int)

  /// The fact, with the values.
  public var description: String {
    switch self {
    case .deviceCount(let count): "\(count) devices; a topology has 1 to 65535"
    case .relativeSpeed(let device, let speed): "device \(device) has relative speed \(speed); it must be above 0"
    case .memoryBytes(let device, let bytes): "device \(device) has \(bytes) bytes of memory; it must be at least 0"
    case .unevenNodes(let devices, let nodes): "\(devices) devices cannot be shared evenly by \(nodes) nodes"
    }
  }
}
