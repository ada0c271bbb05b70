/// One layer's replicas as flat arrays: which replicas an expert has, where, and what each costs.
///
/// The routing table holds one a layer; the planner builds them to judge placements that do not exist yet. Both
/// therefore judge a placement by the same arithmetic.
package struct ReplicaGraph: Sendable {
  /// Devices of the topology.
  package let devices: Int
  /// `[expert + 1]`: the replicas of an expert are `first[expert]..<first[expert + 1]`.
  package private(set) var first: [Int32] = [0]
  /// `[replica]`: where it lives.
  package private(set) var device: [Int32] = []
  /// `[replica]`: how it is stored.
  package private(set) var precision: [Precision] = []
  /// `[replica]`: nanoseconds to touch it, its device's speed included.
  package private(set) var activation: [Double] = []
  /// `[replica]`: nanoseconds a token, its device's speed included.
  package private(set) var perToken: [Double] = []
  /// Whether touching any replica costs something.
  package let hasActivation: Bool
  /// Nanoseconds of one token where it is computed fastest.
  package let shortestToken: Double

  /// Compiles a layer; every expert must have a replica on a known device (`Placement.check`).
  package init(_ layer: LayerPlacement, experts: Int, topology: Topology, cost: CostModel) {
    devices = topology.devices.count
    hasActivation = layer.replicas.contains { cost.activationNanoseconds[$0.precision] > 0 }
    shortestToken =
      layer.replicas.map { cost.perTokenNanoseconds[$0.precision] / topology[$0.device].relativeSpeed }.min() ?? 0
    var next = 0
    for replica in layer.replicas {
      while next < replica.expert.index {
        next += 1
        first.append(Int32(device.count))
      }
      let speed = topology[replica.device].relativeSpeed
      device.append(Int32(replica.device.index))
      precision.append(replica.precision)
      activation.append(cost.activationNanoseconds[replica.precision] / speed)
      perToken.append(cost.perTokenNanoseconds[replica.precision] / speed)
    }
    while first.count < experts + 1 { first.append(Int32(device.count)) }
  }

  /// The replicas of `expert`.
  package func replicas(of expert: Int) -> Range<Int> { Int(first[expert])..<Int(first[expert + 1]) }
}
