import BallastRuntime

/// Judges a placement on loads: each batch is divided over the replicas as a lane would, and measured.
struct ReplayJudge {
  /// Means over the batches of a window.
  struct Verdict {
    var deviceImbalance = 0.0
    var worstLayer = ReplayWindow.WorstLayer(layer: 0, deviceImbalance: 0)
    var expertImbalance = 0.0
    var replicaImbalance = 0.0
    var stepMicroseconds = 0.0
    /// Replicas borrowed for a batch, all layers: pairs of an expert and a device.
    var borrowed = 0.0
    /// `[layer][device]`: share of the layer's tokens.
    var deviceShares: [[Double]] = []
  }

  private var split = BatchSplit()
  private let model: ReplayModel
  private let borrow: ReplayBorrowing?
  private let borrowCost: CostModel

  init(model: ReplayModel, borrow: ReplayBorrowing?) {
    self.model = model
    self.borrow = borrow
    var cost = model.cost
    cost.linkBytesPerSecond = borrow?.linkBytesPerSecond ?? .infinity
    cost.nodeLinkBytesPerSecond = cost.linkBytesPerSecond
    borrowCost = cost
  }

  /// Divides every batch over `placement` and measures it.
  ///
  /// - Parameters:
  ///   - placement: The replicas at hand.
  ///   - batches: `[batch][layer][expert]` tokens.
  /// - Returns: Means over the batches.
  mutating func judge(_ placement: Placement, batches: [[[Int]]]) -> Verdict {
    var verdict = Verdict()
    var layerSums = Array(repeating: 0.0, count: model.shape.layers)
    for (index, layer) in placement.layers.enumerated() {
      let graph = ReplicaGraph(
        layer, experts: model.shape.expertsPerLayer, topology: model.topology, cost: model.cost)
      var times = Array(repeating: 0.0, count: model.topology.devices.count)
      for batch in batches {
        divide(batch[index], graph)
        verdict.borrowed += Double(borrowed(graph))
        let imbalances = imbalances(batch[index], graph)
        verdict.expertImbalance += imbalances.expert
        verdict.replicaImbalance += imbalances.replica
        layerSums[index] += imbalances.device
        verdict.stepMicroseconds += split.longest / 1000
        for device in times.indices { times[device] += split.deviceTimes[device] }
      }
      let total = max(times.reduce(0, +), .leastNormalMagnitude)
      verdict.deviceShares.append(times.map { $0 / total })
    }
    let count = Double(max(batches.count, 1))
    let pairs = count * Double(model.shape.layers)
    verdict.deviceImbalance = layerSums.reduce(0, +) / pairs
    verdict.expertImbalance /= pairs
    verdict.replicaImbalance /= pairs
    verdict.stepMicroseconds /= count
    verdict.borrowed /= count
    if let worst = layerSums.indices.max(by: { (layerSums[$0], $1) < (layerSums[$1], $0) }) {
      verdict.worstLayer = ReplayWindow.WorstLayer(layer: worst, deviceImbalance: layerSums[worst] / count)
    }
    return verdict
  }

  private mutating func divide(_ tokens: [Int], _ graph: ReplicaGraph) {
    split.begin(graph)
    for (expert, count) in tokens.enumerated() where count > 0 {
      split.add(expert: expert, tokens: Double(count), graph: graph)
    }
    split.solve(graph, wholeTokens: true)
    guard let borrow else { return }
    split.borrow(
      graph, limits: borrow.limits, bytesPerExpert: model.shape.bytesPerExpert, cost: borrowCost,
      topology: model.topology)
  }

  /// Experts that devices computed without holding them, as the batch was divided last.
  private func borrowed(_ graph: ReplicaGraph) -> Int {
    guard borrow != nil else { return 0 }
    let devices = graph.devices
    return Set(
      split.pieces.filter { $0.tokens > 0 && $0.device != Int(graph.device[$0.replica]) }
        .map { $0.expert * devices + $0.device }
    ).count
  }

  private func imbalances(_ tokens: [Int], _ graph: ReplicaGraph) -> (expert: Double, replica: Double, device: Double) {
    let total = Double(tokens.reduce(0, +))
    guard total > 0 else { return (1, 1, 1) }
    let experts = Double(model.shape.expertsPerLayer)
    let busiestExpert = Double(tokens.max() ?? 0)
    let busiestReplica = split.pieces.map(\.tokens).max() ?? 0
    let mean = split.deviceTimes.reduce(0, +) / Double(split.deviceTimes.count)
    return (experts * busiestExpert / total, experts * busiestReplica / total, split.longest / mean)
  }
}
