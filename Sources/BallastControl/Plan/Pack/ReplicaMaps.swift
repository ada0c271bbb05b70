/// A placement as flat maps between physical experts (copies, counted device by device) and logical experts.
///
/// These are the maps that engines built around the published expert-parallel load balancer (EPLB) take; the names are
/// theirs. Arrays are row-major, so that they can be handed on as they are.
public struct ReplicaMaps: Hashable, Sendable {
  /// Layers.
  public let layers: Int
  /// Logical experts of a layer.
  public let experts: Int
  /// Physical experts of a layer; device d has those from d · copies / devices on.
  public let copies: Int
  /// The most copies any expert has, at least 1: the last dimension of `logicalToPhysical`.
  public let mostCopies: Int
  /// `[layer][copy]`: the expert it is a copy of.
  public let physicalToLogical: [Int]
  /// `[layer][expert][mostCopies]`: its copies, ascending; −1 past the last.
  public let logicalToPhysical: [Int]
  /// `[layer][expert]`: copies.
  public let counts: [Int]
  /// `[layer]`: maximum over mean device load.
  public let imbalance: [Double]

  /// Places `copies` of the experts whose loads are `weights`, `[layer][expert]`, on equal devices, from nothing.
  ///
  /// With several nodes the placement is hierarchical: the experts of a group stay on one node. With one it is global,
  /// and `groups` makes no difference.
  ///
  /// - Throws: `PackingError`, as `Packer` does: whatever does not divide is refused, and so is what would put an expert
  ///   on one device twice.
  public static func rebalance(
    weights: [[Double]], copies: Int, groups: Int, nodes: Int, devices: Int
  ) throws(PackingError) -> ReplicaMaps {
    guard let experts = weights.first?.count else {
      throw .outOfRange(name: "layers", value: 0, allowed: 1...Int.max)
    }
    let packer = try Packer(experts: experts, copies: copies, devices: devices, groups: groups, nodes: nodes)
    return ReplicaMaps(try packer.pack(weights), experts: experts, copies: copies)
  }

  /// The maps of layers that are packed.
  private init(_ packed: [PackedLayer], experts: Int, copies: Int) {
    layers = packed.count
    self.experts = experts
    self.copies = copies
    physicalToLogical = packed.flatMap(\.experts)
    imbalance = packed.map(\.imbalance)
    var counts = Array(repeating: 0, count: packed.count * experts)
    for (layer, one) in packed.enumerated() {
      for expert in one.experts { counts[layer * experts + expert] += 1 }
    }
    let most = counts.max() ?? 1
    var places = Array(repeating: -1, count: counts.count * most)
    var next = Array(repeating: 0, count: counts.count)
    for (layer, one) in packed.enumerated() {
      for (copy, expert) in one.experts.enumerated() {
        let row = layer * experts + expert
        places[row * most + next[row]] = copy
        next[row] += 1
      }
    }
    self.counts = counts
    mostCopies = most
    logicalToPhysical = places
  }
}
