public import BallastControl
public import BallastRuntime

/// Plans a placement from recorded loads, and measures what planning takes.
public struct LoadPlanning: Sendable {
  private let model: ReplayModel
  private let start: Placement?
  private let budget: MemoryAllowance?
  private let precision: Precision
  private let qualityBudget: Double
  private let split: SplitRule
  private let isGreedy: Bool
  private let planLifeWindows: Int
  private let estimate: LoadEstimate

  /// Repetitions whose median is reported.
  private static let repetitions = 20

  /// - Parameters:
  ///   - model: The cluster and the experts; `copies` says how many replicas when no budget does.
  ///   - loads: Tokens per expert; windows are averaged.
  ///   - start: The placement to start from; nil plans from nothing, and then moving is free.
  ///   - budget: What all replicas may take; nil fixes the number of copies instead.
  ///   - precision: The least exact precision allowed.
  ///   - qualityBudget: Most a layer's quality may be forecast to suffer.
  ///   - split: How an expert's tokens divide among its replicas.
  ///   - isGreedy: Whether to replicate and pack from scratch instead of Ballast's passes.
  ///   - planLifeWindows: Windows the plan is expected to serve.
  public init(
    model: ReplayModel, loads: LoadTable, start: Placement?, budget: MemoryAllowance?, precision: Precision,
    qualityBudget: Double, split: SplitRule, isGreedy: Bool, planLifeWindows: Int
  ) {
    self.model = model
    self.start = start
    self.budget = budget
    self.precision = precision
    self.qualityBudget = qualityBudget
    self.split = split
    self.isGreedy = isGreedy
    self.planLifeWindows = planLifeWindows
    let windows = Double(loads.windows)
    estimate = LoadEstimate(
      tokensPerBatch: loads.loads(of: 0..<loads.windows).map { $0.map { Double($0) / windows } })
  }

  /// Plans, and again for the time it takes.
  ///
  /// - Throws: `LoadPlanningError.budgetTooSmall` when one copy of each expert does not fit the budget.
  public func document() throws(LoadPlanningError) -> PlanDocument {
    let limits = try limits()
    let from = start ?? Placement.contiguous(shape: model.shape, topology: model.topology)
    let planner = Planner(
      shape: model.shape, topology: model.topology, cost: model.cost, split: split,
      passes: isGreedy ? [PackFromScratch(always: true)] : Planner.passes(searchRounds: 64))
    let clock = ContinuousClock()
    var plan = planner.plan(from: from, for: estimate, within: limits)
    var times: [Double] = []
    for _ in 0..<Self.repetitions {
      let begin = clock.now
      plan = planner.plan(from: from, for: estimate, within: limits)
      times.append((clock.now - begin).milliseconds)
    }
    let layers = planner.shares(of: plan.target, for: estimate)
    return PlanDocument(
      plan, before: start == nil ? nil : plan.forecast.imbalanceBefore, perLayer: layers.map(\.imbalance),
      shares: layers.map(\.shares), shape: model.shape, devices: model.topology.devices.count,
      milliseconds: times.sorted()[times.count / 2])
  }

  private func limits() throws(LoadPlanningError) -> PlanningLimits {
    let devices = model.topology.devices.count
    var limits = PlanningLimits.unlimited(devices: devices, replicasPerDevice: model.copies.map { $0 / devices })
    limits.qualityBudget = qualityBudget
    limits.precisions = Precision.allCases.filter {
      $0.satisfies(precision) && $0.rawValue >= model.shape.fullPrecision.rawValue
    }
    if start != nil {
      limits.nanosecondsPerByte =
        ControllerConfiguration().gainSafetyFactor * 1e9 / model.cost.linkBytesPerSecond / Double(planLifeWindows)
    }
    guard let budget else { return limits }
    let bytes = budget.bytes(fullBytes: model.shape.fullBytes)
    let contiguous = Placement.contiguous(shape: model.shape, topology: model.topology)
    let needed = contiguous.bytesPerDevice(shape: model.shape, devices: devices).max() ?? 0
    guard bytes / devices >= needed else {
      throw .budgetTooSmall(neededBytes: needed * devices, budgetBytes: bytes)
    }
    limits.residentBytes = Array(repeating: bytes / devices, count: devices)
    if start != nil { limits.stagingBytes = limits.residentBytes }
    return limits
  }
}

/// Why loads cannot be planned for as asked.
public enum LoadPlanningError: Error, Hashable, CustomStringConvertible {
  /// The budget cannot hold one copy of each expert at full precision.
  case budgetTooSmall(neededBytes: Int, budgetBytes: Int)

  /// The fact, with both numbers.
  public var description: String {
    switch self {
    case .budgetTooSmall(let needed, let budget):
      "the memory budget is \(budget) bytes; one copy of each expert at full precision needs \(needed)"
    }
  }
}
