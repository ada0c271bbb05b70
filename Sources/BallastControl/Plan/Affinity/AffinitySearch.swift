import BallastRuntime

/// Rearranges replicas among the places there are, so that tokens change device less often between layers and between
/// rounds, as far as that is worth the time it costs the busiest devices.
///
/// It minimises Σ over layers of ( busiest device + link time to the layer before and between its rounds ), both in
/// nanoseconds. Which replicas exist and how many a device holds in each layer stays as it is.
struct AffinitySearch {
  // Algorithm: the online form of ExFlow (arXiv 2401.08383), with load in the objective. Layer by layer, the replicas
  // of experts without copies are assigned to the places at the least link cost against both neighbours, until
  // nothing changes; then pairs of replicas change places. A step that does not lower the objective is not taken.
  // Descents begin at the placement given, at a chain built from clusters of experts that share successors, where there
  // are rounds at clusters of experts that follow one another, and, on small instances, at shuffles of the placement.
  let topology: Topology
  let affinity: AffinityEstimate
  let price: LinkPrice
  /// `[layer][expert]`: nanoseconds of its tokens at speed 1, all of them at one replica.
  private let work: [[Double]]

  /// Sweeps over all layers, at most.
  private static let sweeps = 12
  /// Replicas of a layer up to which shuffled starts are tried, and how many.
  private static let smallLayer = 12
  private static let shuffles = 48
  /// Steps up to which an assignment is sought; larger layers are only exchanged in pairs.
  private static let assignmentLimit = 1 << 26

  /// A search under the average load of `estimate`, whose experts are all taken to be at full precision.
  init?(shape: ModelShape, topology: Topology, cost: CostModel, estimate: LoadEstimate, price: LinkPrice) {
    guard let affinity = estimate.affinity, !price.isFree, affinity.expertsPerLayer == shape.expertsPerLayer else {
      return nil
    }
    self.topology = topology
    self.affinity = affinity
    self.price = price
    let perToken = cost.perTokenNanoseconds[shape.fullPrecision]
    let activation = cost.activationNanoseconds[shape.fullPrecision]
    work = estimate.tokensPerBatch.map { $0.map { $0 > 0 ? activation + $0 * perToken : 0 } }
  }

  /// The best arrangement found; never worse than `placement`.
  func improved(_ placement: Placement) -> Placement {
    var best = descended(placement.layers)
    var least = objective(best)
    for start in starts(placement.layers) {
      let found = descended(start)
      let reached = objective(found)
      if reached < least * (1 - 1e-12) {
        best = found
        least = reached
      }
    }
    return Placement(layers: relabelled(best, like: placement.layers))
  }

  /// Nanoseconds of a batch: busiest devices and links.
  func objective(_ layers: [LayerPlacement]) -> Double {
    let time = layers.indices.reduce(0.0) { $0 + LayerForecast.score(deviceTimes(layers[$1], $1)) }
    return time + linkNanoseconds(layers)
  }

  /// The part of the objective that depends on one layer.
  private func objective(_ layer: LayerPlacement, _ index: Int, _ table: LinkTable) -> Double {
    LayerForecast.score(deviceTimes(layer, index)) + table.cost(layer)
  }

  /// Nanoseconds of a batch on the links.
  func linkNanoseconds(_ layers: [LayerPlacement]) -> Double {
    layers.indices.reduce(0.0) { sum, layer in
      sum + LinkTable(LayerID(layer), layers, affinity, price, topology, sides: .before).cost(layers[layer])
    }
  }

  private func deviceTimes(_ layer: LayerPlacement, _ index: Int) -> [Double] {
    var times = Array(repeating: 0.0, count: topology.devices.count)
    for (expert, places) in LinkTable.shares(layer, affinity.expertsPerLayer).enumerated() {
      for (device, share) in places {
        times[device.index] += work[index][expert] * share / topology[device].relativeSpeed
      }
    }
    return times
  }

  private func descended(_ start: [LayerPlacement]) -> [LayerPlacement] {
    var layers = start
    for _ in 0..<Self.sweeps {
      var hasChanged = false
      for layer in layers.indices {
        let table = table(layers, layer)
        let before = objective(layers[layer], layer, table)
        if let next = assigned(layers[layer], cost: { table.cost($0, on: $1) }),
          objective(next, layer, table) < before * (1 - 1e-9)
        {
          layers[layer] = next
          hasChanged = true
        }
        let kept = objective(layers[layer], layer, table)
        if let next = renamed(layers[layer], table), objective(next, layer, table) < kept * (1 - 1e-9) {
          layers[layer] = next
          hasChanged = true
        }
        var exchange = PairExchange(layers[layer], table: table, work: work[layer], topology: topology)
        if exchange.descend() {
          layers[layer] = exchange.layer
          hasChanged = true
        }
      }
      guard hasChanged else { break }
    }
    return layers
  }

  private func table(_ layers: [LayerPlacement], _ layer: Int, sides: LinkTable.Sides = .both) -> LinkTable {
    LinkTable(LayerID(layer), layers, affinity, price, topology, sides: sides)
  }

  /// The layer with its experts that have no copies at their cheapest places; nil when that is how it is.
  private func assigned(_ layer: LayerPlacement, cost: @escaping (ExpertID, DeviceID) -> Double) -> LayerPlacement? {
    let devices = topology.devices.count
    let shares = LinkTable.shares(layer, affinity.expertsPerLayer)
    let alone = layer.replicas.filter { shares[$0.expert.index].count == 1 }
    guard alone.count * devices * devices <= Self.assignmentLimit else { return nil }
    var places = Array(repeating: 0, count: devices)
    for replica in alone { places[replica.device.index] += 1 }
    let columns = BalancedAssignment(rows: alone.count, places: places) {
      cost(alone[$0].expert, DeviceID($1))
    }.columns
    guard alone.indices.contains(where: { columns[$0] != alone[$0].device.index }) else { return nil }
    return LayerPlacement(
      layer.replicas.filter { shares[$0.expert.index].count > 1 }
        + alone.indices.map {
          alone[$0].on(DeviceID(columns[$0]))
        })
  }

  /// The layer with all that each device holds on another, at the least link cost; nil when devices differ in number.
  ///
  /// Copies are moved too, and balance stays as it is among devices of equal speed, as do rounds within a node.
  private func renamed(_ layer: LayerPlacement, _ table: LinkTable) -> LayerPlacement? {
    let count = topology.devices.count
    var held = Array(repeating: [(expert: ExpertID, share: Double)](), count: count)
    for (expert, places) in LinkTable.shares(layer, affinity.expertsPerLayer).enumerated() {
      for (device, share) in places { held[device.index].append((ExpertID(expert), share)) }
    }
    guard Set(held.map(\.count)).count == 1, count * count * count <= Self.assignmentLimit else { return nil }
    let names = BalancedAssignment(rows: count, places: Array(repeating: 1, count: count)) { device, name in
      held[device].reduce(0) { $0 + table.around($1.expert, on: DeviceID(name), share: $1.share) }
    }.columns
    return LayerPlacement(
      layer.replicas.map {
        $0.on(DeviceID(names[$0.device.index]))
      })
  }

  private func starts(_ layers: [LayerPlacement]) -> [[LayerPlacement]] {
    var starts = [chain(layers)]
    if affinity.roundsPerLayer > 1 { starts.append(gathered(layers)) }
    guard layers.allSatisfy({ $0.replicas.count <= Self.smallLayer }) else { return starts }
    for seed in 0..<Self.shuffles {
      var random = SplitMix64(seed: UInt64(seed))
      starts.append(layers.map { shuffled($0, &random) })
    }
    return starts
  }

  private func shuffled(_ layer: LayerPlacement, _ random: inout SplitMix64) -> LayerPlacement {
    let shares = LinkTable.shares(layer, affinity.expertsPerLayer)
    let alone = layer.replicas.filter { shares[$0.expert.index].count == 1 }
    let places = alone.map(\.device).shuffled(using: &random)
    return LayerPlacement(
      layer.replicas.filter { shares[$0.expert.index].count > 1 }
        + alone.indices.map {
          alone[$0].on(places[$0])
        })
  }

  /// The first layer in clusters of experts whose tokens go on to the same experts, every other layer after it.
  private func chain(_ layers: [LayerPlacement]) -> [LayerPlacement] {
    var chained = layers
    if let first = affinity.transitions.first(where: { $0.from != $0.to && layers.indices.contains($0.from.index) }) {
      chained[first.from.index] = clustered(layers[first.from.index], first.tokens)
      for layer in layers.indices where layer != first.from.index {
        let table = table(chained, layer, sides: .before)
        if let next = assigned(chained[layer], cost: { table.around($0, on: $1) }) { chained[layer] = next }
      }
    }
    return chained
  }

  /// Every layer in clusters of experts that follow one another from round to round.
  private func gathered(_ layers: [LayerPlacement]) -> [LayerPlacement] {
    var gathered = layers
    for own in affinity.transitions where own.from == own.to && layers.indices.contains(own.from.index) {
      gathered[own.from.index] = clustered(layers[own.from.index], own.tokens) { profile, expert in profile[expert] }
    }
    return gathered
  }

  /// The first layer in clusters of experts that share successors.
  private func clustered(_ layer: LayerPlacement, _ tokens: [Double]) -> LayerPlacement {
    clustered(layer, tokens) { profile, expert in
      let row = expert * profile.count
      return profile.indices.reduce(0.0) { $0 + profile[$1] * tokens[row + $1] }
    }
  }

  /// The layer in clusters, each grown by the expert that fits best where the tokens of its experts go.
  private func clustered(
    _ layer: LayerPlacement, _ tokens: [Double], fit: (_ profile: [Double], _ expert: Int) -> Double
  ) -> LayerPlacement {
    let experts = affinity.expertsPerLayer
    let shares = LinkTable.shares(layer, experts)
    var left = layer.replicas.filter { shares[$0.expert.index].count == 1 }
    var clustered = layer.replicas.filter { shares[$0.expert.index].count > 1 }
    let devices = left.map(\.device).reduce(into: [Int: Int]()) { $0[$1.index, default: 0] += 1 }
    for (device, places) in devices.sorted(by: { $0.key < $1.key }) {
      var profile = Array(repeating: 0.0, count: experts)
      for _ in 0..<places {
        let fits = left.map { fit(profile, $0.expert.index) }
        guard let next = left.indices.max(by: { (fits[$0], $1) < (fits[$1], $0) }) else { break }
        var replica = left.remove(at: next)
        replica.device = DeviceID(device)
        clustered.append(replica)
        for other in 0..<experts { profile[other] += tokens[replica.expert.index * experts + other] }
      }
    }
    return LayerPlacement(clustered)
  }

  /// The same arrangement with its devices named so that the fewest replicas move, where devices are alike.
  private func relabelled(_ layers: [LayerPlacement], like current: [LayerPlacement]) -> [LayerPlacement] {
    let count = topology.devices.count
    guard Set(topology.devices).count == 1, count * count * count <= Self.assignmentLimit else { return layers }
    var kept = Array(repeating: 0.0, count: count * count)
    for (before, after) in zip(current, layers) {
      for replica in after.replicas {
        for old in before.replicas(of: replica.expert) {
          kept[replica.device.index * count + old.device.index] += 1
        }
      }
    }
    let names = BalancedAssignment(rows: count, places: Array(repeating: 1, count: count)) { -kept[$0 * count + $1] }
      .columns
    return layers.map { layer in
      LayerPlacement(
        layer.replicas.map {
          $0.on(DeviceID(names[$0.device.index]))
        })
    }
  }
}
