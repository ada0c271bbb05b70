import BallastRuntime

/// What it would cost to have each expert of one layer on each device, by where the layers around it are and, if tokens
/// pass the layer in several rounds, by where its other experts are.
///
/// An expert with several replicas serves each with an equal share of its tokens.
struct LinkTable {
  /// `[expert · devices + device]`: nanoseconds of a batch, if all of the expert's tokens met it there.
  private(set) var nanoseconds: [Double]
  private let devices: Int
  /// What rounds cost; nil where there is one.
  private var rounds: RoundLinks?

  /// The other layers a layer is looked at beside.
  enum Sides {
    case before
    case both
  }

  /// Looks at `layer` of `placement`.
  init(
    _ layer: LayerID, _ placement: [LayerPlacement], _ affinity: AffinityEstimate, _ price: LinkPrice,
    _ topology: Topology, sides: Sides = .both
  ) {
    devices = topology.devices.count
    let experts = affinity.expertsPerLayer
    nanoseconds = Array(repeating: 0, count: experts * devices)
    if placement.indices.contains(layer.index) {
      rounds = RoundLinks(layer, placement[layer.index], affinity, price, topology)
    }
    for transition in affinity.transitions where transition.from != transition.to {
      if transition.to == layer, placement.indices.contains(transition.from.index) {
        let shares = Self.shares(placement[transition.from.index], experts)
        add(experts, shares, price, topology) { transition.tokens[$1 * experts + $0] }
      }
      if sides == .both, transition.from == layer, placement.indices.contains(transition.to.index) {
        let shares = Self.shares(placement[transition.to.index], experts)
        add(experts, shares, price, topology) { transition.tokens[$0 * experts + $1] }
      }
    }
  }

  /// Nanoseconds of a batch to have `share` of an expert's tokens on `device`, all other experts where they are.
  func cost(_ expert: ExpertID, on device: DeviceID, share: Double = 1) -> Double {
    around(expert, on: device, share: share) + (rounds?.cost(expert, on: device, share: share) ?? 0)
  }

  /// What an exchange of two replicas spares beyond what both spare alone.
  func correction(
    _ first: (expert: ExpertID, share: Double), _ second: (expert: ExpertID, share: Double), _ near: DeviceID,
    _ far: DeviceID
  ) -> Double {
    rounds?.correction(first, second, near, far) ?? 0
  }

  /// Takes note that a replica of this layer, with `share` of its expert's tokens, has changed device.
  mutating func relocate(_ expert: ExpertID, share: Double, from source: DeviceID, to target: DeviceID) {
    rounds?.relocate(expert, share: share, from: source, to: target)
  }

  /// Nanoseconds of a batch between a layer so placed and the layers around it, and between its rounds.
  func cost(_ layer: LayerPlacement) -> Double {
    let around = Self.shares(layer, nanoseconds.count / max(devices, 1)).enumerated().reduce(0) { sum, held in
      sum + held.element.reduce(0) { $0 + self.around(ExpertID(held.offset), on: $1.device, share: $1.share) }
    }
    return around + (rounds?.cost(layer) ?? 0)
  }

  /// Nanoseconds of a batch to have `share` of an expert's tokens on `device`, rounds left out.
  func around(_ expert: ExpertID, on device: DeviceID, share: Double = 1) -> Double {
    share * nanoseconds[expert.index * devices + device.index]
  }

  /// `[expert]`: where its tokens are met, and which share of them.
  static func shares(_ layer: LayerPlacement, _ experts: Int) -> [[(device: DeviceID, share: Double)]] {
    var held = Array(repeating: [(device: DeviceID, share: Double)](), count: experts)
    for replica in layer.replicas where held.indices.contains(replica.expert.index) {
      held[replica.expert.index].append((replica.device, 1))
    }
    return held.map { places in places.map { ($0.device, 1 / Double(places.count)) } }
  }

  private mutating func add(
    _ experts: Int, _ shares: [[(device: DeviceID, share: Double)]], _ price: LinkPrice, _ topology: Topology,
    _ tokens: (Int, Int) -> Double
  ) {
    let nodeOf = topology.devices.map(\.node.index)
    var onDevice = Array(repeating: 0.0, count: devices)
    var onNode = Array(repeating: 0.0, count: topology.nodes)
    for expert in 0..<experts {
      for index in onDevice.indices { onDevice[index] = 0 }
      for index in onNode.indices { onNode[index] = 0 }
      var total = 0.0
      for other in 0..<experts {
        let amount = tokens(expert, other)
        guard amount > 0 else { continue }
        total += amount
        for (device, share) in shares[other] {
          onDevice[device.index] += amount * share
          onNode[nodeOf[device.index]] += amount * share
        }
      }
      guard total > 0 else { continue }
      for device in 0..<devices {
        let sameNode = onNode[nodeOf[device]]
        nanoseconds[expert * devices + device] +=
          price.far * (total - sameNode) + price.near * (sameNode - onDevice[device])
      }
    }
  }
}
