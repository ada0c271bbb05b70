import BallastRuntime

/// Gives every expert a replica on the devices that serve, with the fewest new ones.
///
/// What stands on a serving device stays. An expert that would be left without a replica gets one, the heaviest
/// first, on the device that would be done with it earliest. Where that takes a place or bytes a device does not
/// have, copies of experts that have others make room.
struct Rehoming {
  /// The placement once every expert has a replica on a device that serves.
  private(set) var placement: Placement
  /// `[device]`: bytes of copies that made room, which stay until the plan is published.
  private(set) var leavingBytes: [Int]

  private let shape: ModelShape
  private let topology: Topology
  private let limits: PlanningLimits
  private let statuses: [DeviceStatus]
  private var resident: [Int]
  private var staging: [Int]

  /// Rehomes what devices that do not serve hold in `current`.
  ///
  /// - Throws: `RehomingError.noRoomForLostExpert` or `.lastCopyCannotLeave` for the first expert without room.
  init(
    _ current: Placement, shape: ModelShape, topology: Topology, tokens: [[Double]], limits: PlanningLimits,
    statuses: [DeviceStatus]
  ) throws(RehomingError) {
    self.shape = shape
    self.topology = topology
    self.limits = limits
    self.statuses = statuses
    leavingBytes = Array(repeating: 0, count: topology.devices.count)
    placement = Placement(
      layers: current.layers.map { layer in
        LayerPlacement(layer.replicas.filter { statuses[$0.device.index] == .serving })
      })
    resident = placement.bytesPerDevice(shape: shape, devices: topology.devices.count)
    staging = resident
    for layer in current.layers.indices.map({ LayerID($0) }) {
      try rehome(layer, current[layer], tokens[layer.index])
    }
  }

  private mutating func rehome(
    _ layer: LayerID, _ current: LayerPlacement, _ tokens: [Double]
  ) throws(RehomingError) {
    let orphans = (0..<shape.expertsPerLayer).filter { placement[layer].replicas(of: ExpertID($0)).isEmpty }
      .sorted { (tokens[$1], $0) < (tokens[$0], $1) }
    for expert in orphans.map({ ExpertID($0) }) {
      let before = current.replicas(of: expert).max { $0.precision.rawValue > $1.precision.rawValue }
      let wanted = before?.precision ?? shape.fullPrecision
      let precisions = [wanted] + limits.precisions.filter { $0.rawValue > wanted.rawValue }
      let isStored = before?.residency == .stored
      if !isStored, precisions.contains(where: { settle(expert, $0, layer, tokens) }) { continue }
      guard isStored || limits.mayEvict else {
        throw refusal(expert, layer, current, neededBytes: shape.bytesPerExpert[precisions.last ?? wanted])
      }
      store(expert, layer, tokens)
    }
  }

  /// Stores an expert where it is done earliest.
  private mutating func store(_ expert: ExpertID, _ layer: LayerID, _ tokens: [Double]) {
    let stored = Replica(
      expert: expert, device: DeviceID(0), precision: shape.fullPrecision, residency: .stored)
    if let device = earliest(expert, layer, tokens).first { _ = put(stored.on(DeviceID(device)), layer) }
  }

  /// Devices that serve, those that would be done with the expert earliest first.
  private func earliest(_ expert: ExpertID, _ layer: LayerID, _ tokens: [Double]) -> [Int] {
    var times = Array(repeating: 0.0, count: topology.devices.count)
    for replica in placement[layer].replicas {
      let copies = placement[layer].replicas(of: replica.expert).count
      times[replica.device.index] += tokens[replica.expert.index] / Double(copies)
    }
    return statuses.indices.filter { statuses[$0] == .serving }.sorted {
      let first = (times[$0] + tokens[expert.index]) / topology.devices[$0].relativeSpeed
      let second = (times[$1] + tokens[expert.index]) / topology.devices[$1].relativeSpeed
      return (first, $0) < (second, $1)
    }
  }

  /// Puts a replica where it is done earliest.
  ///
  /// - Returns: Whether a device has room.
  private mutating func settle(
    _ expert: ExpertID, _ precision: Precision, _ layer: LayerID, _ tokens: [Double]
  ) -> Bool {
    let bytes = shape.bytesPerExpert[precision]
    var counts = Array(repeating: 0, count: topology.devices.count)
    for replica in placement[layer].replicas { counts[replica.device.index] += 1 }
    let order = earliest(expert, layer, tokens)
    let added = Replica(expert: expert, device: DeviceID(0), precision: precision)
    let open = order.filter { counts[$0] < limits.replicasPerDevice ?? .max }
    for device in open where fits(bytes, device) { return put(added.on(DeviceID(device)), layer) }
    for device in order {
      guard let spare = spare(on: device, layer, tokens), fits(bytes, device, without: spare) else { continue }
      drop(spare, layer)
      return put(added.on(DeviceID(device)), layer)
    }
    // More than the places asked for is better than an expert nobody serves.
    for device in order where fits(bytes, device) { return put(added.on(DeviceID(device)), layer) }
    return false
  }

  private func fits(_ bytes: Int, _ device: Int, without spare: Replica? = nil) -> Bool {
    let freed = spare.map { shape.bytesPerExpert[$0.precision] } ?? 0
    return resident[device] - freed + bytes <= limits.residentBytes[device]
      && staging[device] + bytes <= limits.stagingBytes[device]
  }

  /// The copy on `device` whose expert has others and whose going weighs least.
  private func spare(on device: Int, _ layer: LayerID, _ tokens: [Double]) -> Replica? {
    let copies = placement[layer].replicas.filter {
      $0.device.index == device && placement[layer].replicas(of: $0.expert).count > 1
        && !limits.pinned.holds($0, layer)
    }
    func weight(_ replica: Replica) -> Double {
      tokens[replica.expert.index] / Double(placement[layer].replicas(of: replica.expert).count)
    }
    return copies.min { (weight($0), $0.expert) < (weight($1), $1.expert) }
  }

  private mutating func put(_ replica: Replica, _ layer: LayerID) -> Bool {
    placement[layer] = LayerPlacement(placement[layer].replicas + [replica])
    resident[replica.device.index] += shape.bytes(of: replica)
    staging[replica.device.index] += shape.bytes(of: replica)
    return true
  }

  private mutating func drop(_ replica: Replica, _ layer: LayerID) {
    placement[layer] = LayerPlacement(placement[layer].replicas.filter { $0 != replica })
    resident[replica.device.index] -= shape.bytesPerExpert[replica.precision]
    leavingBytes[replica.device.index] += shape.bytesPerExpert[replica.precision]
  }

  private func refusal(
    _ expert: ExpertID, _ layer: LayerID, _ current: LayerPlacement, neededBytes: Int
  ) -> RehomingError {
    let serving = statuses.indices.filter { statuses[$0] == .serving }
    let free =
      serving.map {
        max(0, min(limits.residentBytes[$0] - resident[$0], limits.stagingBytes[$0] - staging[$0]))
      }.max() ?? 0
    if let held = current.replicas(of: expert).first(where: { statuses[$0.device.index] == .draining }) {
      return .lastCopyCannotLeave(
        layer: layer, expert: expert, device: held.device, neededBytes: neededBytes, mostFreeBytes: free)
    }
    return .noRoomForLostExpert(layer: layer, expert: expert, neededBytes: neededBytes, mostFreeBytes: free)
  }
}
