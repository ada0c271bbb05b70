import Ballast
import BallastControl
import BallastOperations
import BallastRuntime

/// What a placement does to tokens that pass layers in rounds, the more so the more links count.
struct RoundsFigure: Codable {
  /// One placement, under routing it was not made from.
  struct Point: Codable {
    /// What a nanosecond on the links counted; nil of contiguous experts.
    let coefficient: Double?
    /// Times a token changes device between rounds, in all layers.
    let movesBetweenRounds: Double
    /// Times a token changes device between layers.
    let movesBetweenLayers: Double
    /// Maximum over mean tokens of a device, mean over layers and rounds.
    let deviceImbalance: Double
  }

  let devices: Int
  let points: [Point]

  /// What a nanosecond on the links counts.
  private static let coefficients = [0, 0.1, 0.2, 0.5, 1, 2, 5, 10]

  /// Plans for `learned` and judges by `unseen`, one replica of each expert on `devices` devices.
  init(_ learned: RoutingRecord, _ unseen: RoutingRecord, _ model: ReplayModel, tokenBytes: Int) {
    devices = model.topology.devices.count
    let planner = Planner(
      shape: model.shape, topology: model.topology, cost: model.cost, split: .dispatch,
      passes: Planner.passes(searchRounds: 32))
    let start = Placement.contiguous(shape: model.shape, topology: model.topology)
    let estimate = Self.estimate(learned)
    var points = [Self.point(nil, start, unseen, planner)]
    for coefficient in Self.coefficients {
      var limits = PlanningLimits.unlimited(
        devices: devices, replicasPerDevice: model.shape.expertsPerLayer / devices)
      limits.linkPrice = LinkPrice(
        AffinityConfiguration(coefficient: coefficient, bytesPerToken: tokenBytes), cost: model.cost, devices: devices)
      let plan = planner.plan(from: start, for: estimate, within: limits)
      points.append(Self.point(coefficient, plan.target, unseen, planner))
    }
    self.points = points
  }

  /// The mean round, each round a scenario.
  private static func estimate(_ record: RoutingRecord) -> LoadEstimate {
    let rounds = loads(record)
    let mean = rounds[0].indices.map { layer in
      rounds[0][layer].indices.map { expert in
        rounds.reduce(0) { $0 + $1[layer][expert] } / Double(rounds.count)
      }
    }
    var estimate = LoadEstimate(
      tokensPerBatch: mean, scenarios: rounds.map { LoadScenario(tokensPerBatch: $0, weight: 1) })
    // All that was seen is one batch, as the loads are.
    var whole = record.affinity
    for index in whole.transitions.indices { whole.transitions[index].batches = 1 }
    for index in whole.transitions.indices where whole.transitions[index].from == whole.transitions[index].to {
      whole.transitions[index].batches = Double(max(1, rounds.count - 1))
    }
    estimate.affinity = AffinityEstimate(whole)
    return estimate
  }

  /// `[round][layer][expert]`: tokens.
  private static func loads(_ record: RoutingRecord) -> [[[Double]]] {
    (0..<record.load.roundsPerLayer).map { round in
      (0..<record.load.layers).map { record.load.weighted(LayerID($0), RoundID(round), prefill: 1, decode: 1) }
    }
  }

  private static func point(
    _ coefficient: Double?, _ placement: Placement, _ unseen: RoutingRecord, _ planner: Planner
  ) -> Point {
    let all = AffinityEstimate(unseen.affinity)
    func moves(_ isKept: (AffinityEstimate.Transition) -> Bool) -> Double {
      let kept = AffinityEstimate(
        expertsPerLayer: all.expertsPerLayer, roundsPerLayer: all.roundsPerLayer,
        transitions: all.transitions.filter(isKept))
      return TokenMoves(kept, placement, planner.topology).betweenDevices
    }
    let rounds = loads(unseen)
    let imbalance = rounds.reduce(0) {
      $0 + planner.imbalance(of: placement, for: LoadEstimate(tokensPerBatch: $1))
    }
    return Point(
      coefficient: coefficient, movesBetweenRounds: moves { $0.from == $0.to },
      movesBetweenLayers: moves { $0.from != $0.to }, deviceImbalance: imbalance / Double(rounds.count))
  }

  var table: ReportTable {
    ReportTable(
      columns: ["links count", "moves between rounds", "moves between layers", "device imbalance"],
      rows: points.map { point in
        [
          point.coefficient.map { fixed($0, 1) } ?? "contiguous", fixed(point.movesBetweenRounds, 3),
          fixed(point.movesBetweenLayers, 3), fixed(point.deviceImbalance, 3),
        ]
      })
  }

  /// Moves against imbalance, along what links count.
  var plot: LinePlot {
    let planned = points.filter { $0.coefficient != nil }
    return LinePlot(
      title: "What it costs in balance that tokens stay, \(devices) devices",
      x: PlotAxis("device imbalance of a round"), y: PlotAxis("moves of a token to another device", includes: 0),
      series: [
        PlotSeries(
          "between rounds", x: planned.map(\.deviceImbalance), y: planned.map(\.movesBetweenRounds)),
        PlotSeries(
          "between layers", x: planned.map(\.deviceImbalance), y: planned.map(\.movesBetweenLayers)),
      ])
  }
}
