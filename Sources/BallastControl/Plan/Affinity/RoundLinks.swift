import BallastRuntime

/// What tokens cost that change device from round to round of one layer, by where the layer's own experts are.
///
/// An expert with several replicas serves each with an equal share of its tokens.
struct RoundLinks {
  // Algorithm: with T the tokens that go from expert to expert and S = T + Tᵀ, a layer costs ½ Σ S[i][j] · price over
  // the places of i and j. What an expert costs on a device while the others stay is linear in that, and is kept
  // up to date as replicas move.

  private let experts: Int
  private let devices: Int
  /// `[expert · experts + expert]`: tokens of a batch between two experts, either way.
  private let tokens: [Double]
  /// `[device · devices + device]`: nanoseconds for a token that goes from one to the other.
  private let prices: [Double]
  /// `[expert · devices + device]`: nanoseconds of a batch, if all of the expert's tokens met it there.
  private(set) var nanoseconds: [Double]

  /// Looks at a layer as it stands; nil when no token passes it twice.
  init?(
    _ index: LayerID, _ layer: LayerPlacement, _ affinity: AffinityEstimate, _ price: LinkPrice, _ topology: Topology
  ) {
    guard let own = affinity.transitions.first(where: { $0.from == index && $0.to == index }) else { return nil }
    let experts = affinity.expertsPerLayer
    let ids = topology.devices.indices.map { DeviceID($0) }
    self.experts = experts
    devices = ids.count
    tokens = (0..<experts * experts).map { own.tokens[$0] + own.tokens[$0 % experts * experts + $0 / experts] }
    prices = ids.flatMap { source in ids.map { price.nanoseconds(from: source, to: $0, in: topology) } }
    nanoseconds = []
    nanoseconds = linear(LinkTable.shares(layer, experts))
  }

  /// Nanoseconds of a batch to have `share` of an expert's tokens on `device`, the other experts where they are.
  func cost(_ expert: ExpertID, on device: DeviceID, share: Double) -> Double {
    share * nanoseconds[expert.index * devices + device.index]
  }

  /// Nanoseconds of a batch between the rounds of a layer so placed.
  func cost(_ layer: LayerPlacement) -> Double {
    let shares = LinkTable.shares(layer, experts)
    let nanoseconds = linear(shares)
    return shares.indices.reduce(0) { sum, expert in
      sum + shares[expert].reduce(0) { $0 + $1.share * nanoseconds[expert * devices + $1.device.index] / 2 }
    }
  }

  /// What an exchange of two replicas spares beyond what both spare alone, since each then counts the other, and itself,
  /// where it was.
  func correction(
    _ first: (expert: ExpertID, share: Double), _ second: (expert: ExpertID, share: Double),
    _ near: DeviceID, _ far: DeviceID
  ) -> Double {
    let (one, other) = (first.expert.index, second.expert.index)
    let own = first.share * first.share * tokens[one * experts + one]
    let others = second.share * second.share * tokens[other * experts + other]
    let between = 2 * first.share * second.share * tokens[one * experts + other]
    return prices[near.index * devices + far.index] * (own + others - between)
  }

  /// Takes note that a replica with `share` of its expert's tokens has changed device.
  mutating func relocate(_ expert: ExpertID, share: Double, from source: DeviceID, to target: DeviceID) {
    for other in 0..<experts {
      let amount = share * tokens[expert.index * experts + other]
      guard amount > 0 else { continue }
      for device in 0..<devices {
        nanoseconds[other * devices + device] +=
          amount * (prices[device * devices + target.index] - prices[device * devices + source.index])
      }
    }
  }

  private func linear(_ shares: [[(device: DeviceID, share: Double)]]) -> [Double] {
    var nanoseconds = Array(repeating: 0.0, count: experts * devices)
    var onDevice = Array(repeating: 0.0, count: devices)
    for expert in 0..<experts {
      for device in 0..<devices { onDevice[device] = 0 }
      for other in 0..<experts {
        let amount = tokens[expert * experts + other]
        guard amount > 0 else { continue }
        for (device, share) in shares[other] { onDevice[device.index] += amount * share }
      }
      for source in 0..<devices where onDevice[source] > 0 {
        for device in 0..<devices {
          nanoseconds[expert * devices + device] += onDevice[source] * prices[device * devices + source]
        }
      }
    }
    return nanoseconds
  }
}
