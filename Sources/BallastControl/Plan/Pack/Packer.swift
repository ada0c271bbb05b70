/// Places copies from nothing: how many each expert gets, and on which device each goes.
///
/// For devices of equal speed that hold equally many copies each, when an expert's load is shared evenly by its copies.
/// No device gets an expert twice. The same loads give the same packing; a layer without any load is packed as if every
/// expert had the same. With several nodes the experts of a group stay on one node, and every node gets equally many
/// groups and copies.
public struct Packer: Sendable {
  /// Experts of a layer.
  public let experts: Int
  /// Copies of a layer in all.
  public let copies: Int
  /// Devices.
  public let devices: Int
  /// Groups of experts that stand together, each as many experts as the others.
  public let groups: Int
  /// Nodes, each as many devices as the others.
  public let nodes: Int

  /// Most experts, groups, devices or nodes.
  private static let mostOfAKind = 65_535
  /// Most copies of a layer.
  private static let mostCopies = 1 << 24

  /// Describes the layers to pack.
  ///
  /// - Throws: `PackingError.outOfRange`, `uneven`, `tooFewCopies` or `tooManyCopies`.
  public init(
    experts: Int, copies: Int, devices: Int, groups: Int = 1, nodes: Int = 1
  ) throws(PackingError) {
    for (name, value) in [("experts", experts), ("devices", devices), ("groups", groups), ("nodes", nodes)]
    where !(1...Self.mostOfAKind).contains(value) {
      throw .outOfRange(name: name, value: value, allowed: 1...Self.mostOfAKind)
    }
    guard (1...Self.mostCopies).contains(copies) else {
      throw .outOfRange(name: "copies", value: copies, allowed: 1...Self.mostCopies)
    }
    try Self.check("copies", copies, by: "devices", devices)
    try Self.check("experts", experts, by: "groups", groups)
    // One node holds every group, so how many there are makes no difference.
    if nodes > 1 {
      try Self.check("groups", groups, by: "nodes", nodes)
      try Self.check("devices", devices, by: "nodes", nodes)
    }
    guard copies >= experts else { throw .tooFewCopies(copies: copies, experts: experts) }
    let limit = experts * (devices / nodes)
    guard copies <= limit else { throw .tooManyCopies(copies: copies, limit: limit) }
    self.experts = experts
    self.copies = copies
    self.devices = devices
    self.groups = groups
    self.nodes = nodes
  }

  /// Packs each layer of `loads`, `[layer][expert]`.
  ///
  /// - Throws: `PackingError.loadCount` or `load`, for the first of its kind.
  /// - Complexity: A few steps a copy and, for a layer that is hard to level, a device; allocates only the result and the
  ///   scratch of one layer.
  public func pack(_ loads: [[Double]]) throws(PackingError) -> [PackedLayer] {
    try check(loads)
    guard nodes == 1 else { return packNodes(loads) }
    var packer = LayerPacker(experts: experts, copies: copies, devices: devices)
    var layers: [PackedLayer] = []
    layers.reserveCapacity(loads.count)
    for layer in loads {
      packer.pack(layer)
      layers.append(
        PackedLayer(experts: packer.packed(), imbalance: packer.imbalance, lowerBound: packer.lowerBound))
    }
    return layers
  }

  /// Groups to nodes, then each node by itself.
  private func packNodes(_ loads: [[Double]]) -> [PackedLayer] {
    let size = experts / groups
    var spread = LayerPacker(experts: groups, copies: groups, devices: nodes)
    var packer = LayerPacker(experts: experts / nodes, copies: copies / nodes, devices: devices / nodes)
    return loads.map { layer in
      spread.pack((0..<groups).map { group in layer[group * size..<(group + 1) * size].reduce(0, +) })
      let groupsByNode = spread.packed()
      var packed: [Int] = []
      for node in 0..<nodes {
        let held = groupsByNode[node * groups / nodes..<(node + 1) * groups / nodes].sorted()
        let here = held.flatMap { $0 * size..<($0 + 1) * size }
        packer.pack(here.map { layer[$0] })
        packed += packer.packed().map { here[$0] }
      }
      return judged(packed, layer)
    }
  }

  private func judged(_ packed: [Int], _ loads: [Double]) -> PackedLayer {
    let most = loads.max() ?? 0
    var counts = Array(repeating: 0.0, count: experts)
    for expert in packed { counts[expert] += 1 }
    let shares = loads.indices.map { most > 0 ? loads[$0] / most / counts[$0] : 1 / counts[$0] }
    let slots = copies / devices
    let devices = (0..<devices).map { device in
      packed[device * slots..<(device + 1) * slots].reduce(0) { $0 + shares[$1] }
    }
    let mean = devices.reduce(0, +) / Double(devices.count)
    let imbalance = max(1, (devices.max() ?? mean) / mean)
    return PackedLayer(experts: packed, imbalance: imbalance, lowerBound: 1)
  }

  private func check(_ loads: [[Double]]) throws(PackingError) {
    for (layer, values) in loads.enumerated() {
      guard values.count == experts else {
        throw .loadCount(layer: layer, loads: values.count, experts: experts)
      }
      for (expert, value) in values.enumerated() where !(value >= 0 && value < .infinity) {
        throw .load(layer: layer, expert: expert, value: value)
      }
    }
  }

  private static func check(
    _ name: String, _ value: Int, by divisorName: String, _ divisor: Int
  ) throws(PackingError) {
    guard value % divisor == 0 else {
      throw .uneven(name: name, value: value, divisorName: divisorName, divisor: divisor)
    }
  }
}
