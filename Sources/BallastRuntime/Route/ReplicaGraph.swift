/// One layer's replicas as flat arrays: which replicas an expert has, where, and what each costs.
///
/// The routing table holds one a layer; the planner builds them to judge placements that do not exist yet. Both
/// therefore judge a placement by the same arithmetic.
package final class ReplicaGraph: Sendable {
  /// Devices of the topology.
  package let devices: Int
  /// Devices that may get tokens.
  let openDevices: [Int]
  /// `[expert + 1]`: the replicas of an expert are `first[expert]..<first[expert + 1]`.
  package let first: [Int32]
  /// `[replica]`: where it lives.
  package let device: [Int32]
  /// `[replica]`: how it is stored.
  package let precision: [Precision]
  /// `[replica]`: whether it is stored; empty when none is.
  private let isStored: [Bool]
  /// `[replica]`: nanoseconds to touch it, its device's speed included.
  package let activation: [Double]
  /// `[replica]`: nanoseconds a token, its device's speed included.
  package let perToken: [Double]
  /// `[replica]`: a piece without tokens, for splits to begin with.
  let pieces: [BatchSplit.Piece]
  /// Whether touching any replica costs something.
  package let hasActivation: Bool
  /// Nanoseconds of one token where it is computed fastest.
  package let shortestToken: Double

  /// Whether a token of one expert costs some device more than a token of another.
  let mixesCosts: Bool

  /// Compiles a layer; every expert must have a replica on a known device (`Placement.check`).
  package init(
    _ layer: LayerPlacement, experts: Int, topology: Topology, cost: CostModel, maskedDevices: Set<DeviceID> = []
  ) {
    let replicas = layer.replicas
    var first: [Int32] = [0]
    for (index, replica) in replicas.enumerated() {
      while first.count <= replica.expert.index { first.append(Int32(index)) }
    }
    while first.count < experts + 1 { first.append(Int32(replicas.count)) }
    self.first = first
    devices = topology.devices.count
    openDevices = topology.devices.indices.filter { !maskedDevices.contains(DeviceID($0)) }
    device = replicas.map { Int32($0.device.index) }
    precision = replicas.map(\.precision)
    isStored = replicas.contains { $0.residency == .stored } ? replicas.map { $0.residency == .stored } : []
    activation = replicas.map { cost.activationNanoseconds(of: $0) / topology[$0.device].relativeSpeed }
    perToken = replicas.map { cost.perTokenNanoseconds[$0.precision] / topology[$0.device].relativeSpeed }
    pieces = replicas.indices.map { [device, activation, perToken] in
      BatchSplit.Piece(
        expert: replicas[$0].expert.index, replica: $0, device: Int(device[$0]), tokens: 0, activation: activation[$0],
        perToken: perToken[$0])
    }
    hasActivation = replicas.contains { cost.activationNanoseconds(of: $0) > 0 }
    shortestToken = perToken.min() ?? 0
    var costs: [Int32: Double] = [:]
    mixesCosts = zip(device, perToken).contains {
      costs.updateValue($1, forKey: $0).map { [cost = $1] in $0 != cost } ?? false
    }
  }

  /// Where the weights of a replica are.
  func residency(of replica: Int) -> Residency { isStored.isEmpty || !isStored[replica] ? .resident : .stored }

  /// The replicas of `expert`.
  package func replicas(of expert: Int) -> Range<Int> { Int(first[expert])..<Int(first[expert + 1]) }
}
