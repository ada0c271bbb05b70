public import BallastRuntime

/// Plans the next placement: runs its passes in order over a draft of the current one.
public struct Planner: Sendable {
  /// The model.
  public let shape: ModelShape
  /// The devices.
  public let topology: Topology
  /// The cost law plans are judged by.
  public let cost: CostModel
  /// How an expert's tokens divide among its replicas.
  public let split: SplitRule
  /// What improves a draft, in order.
  public let passes: [any PlanningPass]

  /// A planner with passes of its own.
  public init(shape: ModelShape, topology: Topology, cost: CostModel, split: SplitRule, passes: [any PlanningPass]) {
    self.shape = shape
    self.topology = topology
    self.cost = cost
    self.split = split
    self.passes = passes
  }

  /// Ballast's own passes.
  public static func passes(searchRounds: Int) -> [any PlanningPass] {
    [
      EvictExperts(), RestoreQuality(), FillDevices(), PackEvenly(), RelabelDevices(),
      ReplicateOrQuantize(rounds: searchRounds),
      TradePrecisions(rounds: searchRounds), ExchangeReplicas(rounds: searchRounds),
      PlaceReplicas(rounds: searchRounds), CopyHeavyHitters(rounds: searchRounds), KeepTokensNear(rounds: searchRounds),
      TradePrecisions(rounds: searchRounds),
    ]
  }

  /// The plan from `current` for the load that `estimate` expects, within `limits`.
  ///
  /// - Complexity: O(passes · layers · rounds · candidates · replicas of a layer); allocates, never blocks.
  public func plan(from current: Placement, for estimate: LoadEstimate, within limits: PlanningLimits) -> Plan {
    let start = PlacementDraft(
      from: current, shape: shape, topology: topology, cost: cost, estimate: estimate, limits: limits, rule: split)
    var draft = start
    for pass in passes { pass.improve(&draft) }
    return Plan(
      current: current, target: draft.placement, changes: LayerChange.between(current, draft.placement),
      forecast: forecast(start, draft), isCutShort: draft.isCutShort)
  }

  /// Maximum over mean device time of `placement` under `estimate`, mean over layers.
  public func imbalance(of placement: Placement, for estimate: LoadEstimate) -> Double {
    let layers = shares(of: placement, for: estimate)
    return layers.reduce(0) { $0 + $1.imbalance } / Double(max(layers.count, 1))
  }

  /// How each layer of `placement` divides among the devices under `estimate`.
  public func shares(of placement: Placement, for estimate: LoadEstimate) -> [(imbalance: Double, shares: [Double])] {
    var forecaster = LayerForecaster(experts: shape.expertsPerLayer, topology: topology, cost: cost, rule: split)
    return placement.layers.indices.map {
      let forecast = forecaster.forecast(placement.layers[$0], tokens: estimate.tokensPerBatch[$0])
      let total = max(forecast.deviceTimes.reduce(0, +), .leastNormalMagnitude)
      return (forecast.imbalance, forecast.deviceTimes.map { $0 / total })
    }
  }

  private func forecast(_ before: PlacementDraft, _ after: PlacementDraft) -> PlanForecast {
    let layers = (0..<shape.layers).map { LayerID($0) }
    let count = Double(layers.count)
    return PlanForecast(
      nanosecondsBefore: layers.reduce(0) { $0 + before.forecast($1).longest },
      nanosecondsAfter: layers.reduce(0) { $0 + after.forecast($1).longest },
      imbalanceBefore: layers.reduce(0) { $0 + before.forecast($1).imbalance } / count,
      imbalanceAfter: layers.reduce(0) { $0 + after.forecast($1).imbalance } / count,
      bytesMoved: after.bytesMoved, qualitySpent: layers.map { after.qualitySpent($0) }.max() ?? 0)
  }
}
