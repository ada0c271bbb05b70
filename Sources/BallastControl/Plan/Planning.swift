public import BallastRuntime

/// Planning as a pure function of loads, a placement and a configuration, for whoever has no control loop.
public struct Planning: Sendable {
  private let shape: ModelShape
  private let topology: Topology
  private let cost: CostModel
  private let configuration: BalancerConfiguration

  /// Plans for this model on these devices, under the configuration's planner and controller.
  public init(shape: ModelShape, topology: Topology, cost: CostModel, configuration: BalancerConfiguration) {
    self.shape = shape
    self.topology = topology
    self.cost = cost
    self.configuration = configuration
  }

  /// The plan from `current` for loads that last as long as a plan is expected to serve, one batch a tick.
  ///
  /// - Parameters:
  ///   - tokensPerBatch: `[layer][expert]`, for each layer and expert of the model.
  ///   - current: Where the experts are, a placement that passed `check`; nil for the one a balancer begins with.
  /// - Returns: The plan; empty when nothing pays.
  /// - Throws: `ByteBudgetError.tooSmall` when the model does not fit the memory budget.
  public func plan(
    for tokensPerBatch: [[Double]], from current: Placement? = nil
  ) throws(ByteBudgetError) -> Plan {
    let knobs = configuration.planner
    let budget = try ByteBudget(shape: shape, topology: topology, configuration: knobs)
    let total = budget.bytesPerDevice.reduce(0.0) { $0 + Double($1) }
    let life = max(Double(configuration.controller.planLifeTicks), 1)
    var limits = PlanningLimits(
      stagingBytes: budget.bytesPerDevice, residentBytes: budget.residentBytes,
      moveBytes: Int(max(0, min(Double(Int32.max) * 4096, knobs.moveBudgetShare * total))),
      qualityBudget: knobs.qualityBudget, replicaErrorBound: knobs.replicaErrorBound,
      precisions: Precision.allCases.filter {
        $0.satisfies(knobs.leastPrecision) && $0.rawValue >= shape.fullPrecision.rawValue
      },
      replicasPerDevice: knobs.copiesPerLayer.map { $0 / budget.bytesPerDevice.count },
      nanosecondsPerByte: configuration.controller.gainSafetyFactor * 1e9 / cost.linkBytesPerSecond / life,
      leastGain: knobs.leastGain, tailShare: knobs.tailShare)
    limits.pinned = knobs.pinned
    limits.linkPrice = LinkPrice(configuration.affinity, cost: cost, devices: budget.bytesPerDevice.count)
    let planner = Planner(
      shape: shape, topology: topology, cost: cost, split: knobs.split,
      passes: Planner.passes(searchRounds: knobs.searchRounds))
    limits.mayEvict = knobs.residency.mayEvict
    let start =
      current
      ?? budget.startPlacement(
        shape: shape, topology: topology, leastPrecision: knobs.leastPrecision, mayEvict: knobs.residency.mayEvict)
    return planner.plan(from: start, for: LoadEstimate(tokensPerBatch: tokensPerBatch), within: limits)
  }
}
