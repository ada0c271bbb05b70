import BallastRuntime

/// One layer whose replicas change places in pairs as long as that lowers time and link cost together.
struct PairExchange {
  /// The layer as it stands.
  var layer: LayerPlacement { LayerPlacement(replicas) }

  private var replicas: [Replica]
  private let shares: [Double]
  private let work: [Double]
  private var table: LinkTable
  private let topology: Topology
  private var times: [Double]
  /// `[expert]`: the devices that hold it, for experts with copies.
  private var holders: [Int: Set<Int>] = [:]

  /// Takes `layer` as it is; `work` is `[expert]` nanoseconds at speed 1.
  init(_ layer: LayerPlacement, table: LinkTable, work: [Double], topology: Topology) {
    replicas = layer.replicas
    self.table = table
    self.topology = topology
    var counts: [Int: Int] = [:]
    for replica in layer.replicas { counts[replica.expert.index, default: 0] += 1 }
    shares = layer.replicas.map { 1 / Double(counts[$0.expert.index] ?? 1) }
    self.work = zip(layer.replicas, shares).map { work[$0.expert.index] * $1 }
    times = Array(repeating: 0, count: topology.devices.count)
    for (index, replica) in replicas.enumerated() {
      times[replica.device.index] += self.work[index] / topology[replica.device].relativeSpeed
      if shares[index] < 1 { holders[replica.expert.index, default: []].insert(replica.device.index) }
    }
  }

  /// Exchanges pairs until none gains.
  ///
  /// - Returns: Whether anything changed.
  /// - Complexity: O(replicas²) a round; rounds end when nothing gains.
  mutating func descend() -> Bool {
    var hasChanged = false
    for _ in 0..<replicas.count {
      var isRoundOver = true
      for first in replicas.indices {
        guard let second = partner(of: first) else { continue }
        exchange(first, second)
        isRoundOver = false
        hasChanged = true
      }
      if isRoundOver { break }
    }
    return hasChanged
  }

  /// The replica that gains most by changing places with `first`; nil when none gains.
  private func partner(of first: Int) -> Int? {
    let before = LayerForecast.score(times)
    let busiest = times.indices.sorted { (times[$1], $0) < (times[$0], $1) }.prefix(3)
    let squares = times.reduce(0) { $0 + $1 * $1 }
    var best: (gain: Double, index: Int) = (max(before, 1) * 1e-9, -1)
    for second in replicas.indices where replicas[second].device != replicas[first].device {
      let near = replicas[first].device
      let far = replicas[second].device
      guard !holds(first, far), !holds(second, near) else { continue }
      let nearTime = times[near.index] + (work[second] - work[first]) / topology[near].relativeSpeed
      let farTime = times[far.index] + (work[first] - work[second]) / topology[far].relativeSpeed
      let others = busiest.first { $0 != near.index && $0 != far.index }.map { times[$0] } ?? 0
      let sum =
        squares - times[near.index] * times[near.index] - times[far.index] * times[far.index] + nearTime * nearTime
        + farTime * farTime
      let after = max(others, nearTime, farTime) + 0.05 * (max(sum, 0) / Double(times.count)).squareRoot()
      let links = link(first, near) + link(second, far) - link(first, far) - link(second, near)
      let gain = before - after + links + correction(first, second)
      if gain > best.gain { best = (gain, second) }
    }
    return best.index >= 0 ? best.index : nil
  }

  private func link(_ index: Int, _ device: DeviceID) -> Double {
    table.cost(replicas[index].expert, on: device, share: shares[index])
  }

  private func correction(_ first: Int, _ second: Int) -> Double {
    table.correction(
      (replicas[first].expert, shares[first]), (replicas[second].expert, shares[second]), replicas[first].device,
      replicas[second].device)
  }

  private func holds(_ index: Int, _ device: DeviceID) -> Bool {
    holders[replicas[index].expert.index]?.contains(device.index) ?? false
  }

  private mutating func exchange(_ first: Int, _ second: Int) {
    let near = replicas[first].device
    let far = replicas[second].device
    times[near.index] += (work[second] - work[first]) / topology[near].relativeSpeed
    times[far.index] += (work[first] - work[second]) / topology[far].relativeSpeed
    relocate(first, near, far)
    relocate(second, far, near)
  }

  private mutating func relocate(_ index: Int, _ source: DeviceID, _ target: DeviceID) {
    replicas[index].device = target
    table.relocate(replicas[index].expert, share: shares[index], from: source, to: target)
    guard shares[index] < 1 else { return }
    holders[replicas[index].expert.index]?.remove(source.index)
    holders[replicas[index].expert.index]?.insert(target.index)
  }
}
