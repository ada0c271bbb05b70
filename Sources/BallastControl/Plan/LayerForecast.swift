import BallastRuntime

/// How one layer's expected batch would be divided over a placement.
struct LayerForecast {
  /// Nanoseconds of each device.
  let deviceTimes: [Double]
  /// Tokens each replica meets, in the order of the layer's replicas.
  let replicaTokens: [Double]
  /// Nanoseconds each replica takes, activation included.
  let replicaTimes: [Double]

  /// Nanoseconds of the busiest device.
  var longest: Double { deviceTimes.max() ?? 0 }

  /// Nanoseconds of the replica that takes longest.
  var busiestReplica: Double { replicaTimes.max() ?? 0 }

  /// Maximum over mean device time; 1 when nothing is to be done.
  var imbalance: Double {
    let mean = deviceTimes.reduce(0, +) / Double(max(deviceTimes.count, 1))
    return mean > 0 ? longest / mean : 1
  }

  /// What a search minimises: the busiest device, and a little of all, so that a change that helps the second
  /// busiest is worth something too.
  static func score(_ deviceTimes: [Double]) -> Double {
    let squares = deviceTimes.reduce(0) { $0 + $1 * $1 } / Double(max(deviceTimes.count, 1))
    return (deviceTimes.max() ?? 0) + 0.05 * squares.squareRoot()
  }
}

/// Forecasts layers; keeps its scratch between calls.
struct LayerForecaster {
  private var split = BatchSplit()
  let experts: Int
  let topology: Topology
  let cost: CostModel
  let rule: SplitRule
  /// Share of a score that goes to the tail of the scenarios.
  let tailShare: Double

  init(experts: Int, topology: Topology, cost: CostModel, rule: SplitRule, tailShare: Double = 0) {
    self.experts = experts
    self.topology = topology
    self.cost = cost
    self.rule = rule
    self.tailShare = tailShare
  }

  /// Divides `tokens` (`[expert]`) over `layer` as evenly as it can be.
  mutating func forecast(_ layer: LayerPlacement, tokens: [Double]) -> LayerForecast {
    forecast(graph(layer), tokens, tie: 0, effort: .full)
  }

  /// The replicas of `layer` as flat arrays, to be judged by several loads.
  func graph(_ layer: LayerPlacement) -> ReplicaGraph {
    ReplicaGraph(layer, experts: experts, topology: topology, cost: cost)
  }

  /// What a search minimises, over all scenarios by their weight; to the last nanosecond, without ties.
  mutating func score(
    _ graph: ReplicaGraph, layer: LayerID, scenarios: [LoadScenario], effort: BatchSplit.Effort = .quick
  ) -> Double {
    var scores: [(score: Double, weight: Double)] = []
    for scenario in scenarios {
      divide(graph, scenario.tokensPerBatch[layer.index], tie: 0, effort: effort)
      scores.append((LayerForecast.score(split.deviceTimes), scenario.weight))
    }
    let weights = scores.reduce(0) { $0 + $1.weight }
    let mean = scores.reduce(0) { $0 + $1.score * $1.weight } / max(weights, .leastNormalMagnitude)
    guard tailShare > 0 else { return mean }
    return (1 - tailShare) * mean + tailShare * Self.tail(scores, weights)
  }

  /// What nineteen twentieths of the weight do not exceed.
  private static func tail(_ scores: [(score: Double, weight: Double)], _ weights: Double) -> Double {
    var sum = 0.0
    for one in scores.sorted(by: { $0.score < $1.score }) {
      sum += one.weight
      if sum >= (0.95 - 1e-9) * weights { return one.score }
    }
    return 0
  }

  /// Divides `tokens` over the replicas of `graph` as the lanes would, ties toward even shares.
  mutating func forecast(
    _ graph: ReplicaGraph, _ tokens: [Double], tie: Double = BatchSplit.calibrationTie,
    effort: BatchSplit.Effort = .worthwhile
  ) -> LayerForecast {
    divide(graph, tokens, tie: tie, effort: effort)
    var replicaTokens = Array(repeating: 0.0, count: graph.device.count)
    for piece in split.pieces { replicaTokens[piece.replica] += piece.tokens }
    let replicaTimes = replicaTokens.indices.map {
      replicaTokens[$0] > 0 ? graph.activation[$0] + replicaTokens[$0] * graph.perToken[$0] : 0
    }
    return LayerForecast(deviceTimes: split.deviceTimes, replicaTokens: replicaTokens, replicaTimes: replicaTimes)
  }

  private mutating func divide(_ graph: ReplicaGraph, _ tokens: [Double], tie: Double, effort: BatchSplit.Effort) {
    split.begin(graph)
    for expert in 0..<experts where tokens[expert] > 0 {
      split.add(expert: expert, tokens: tokens[expert], graph: graph)
    }
    switch rule {
    case .even: split.splitEvenly(graph, wholeTokens: false)
    case .dispatch: split.solve(graph, wholeTokens: false, tie: tie, effort: effort)
    }
  }
}
