public import Ballast
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
  private let groups: Int?
  private let statuses: [DeviceStatus]
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
  ///   - groups: Groups of experts that each stay on one node, for even shares from nothing; nil for none.
  ///   - statuses: `[device]`: whether it takes part; empty when all do.
  public init(
    model: ReplayModel, loads: LoadTable, start: Placement?, budget: MemoryAllowance?, precision: Precision,
    qualityBudget: Double, split: SplitRule, isGreedy: Bool, planLifeWindows: Int, groups: Int? = nil,
    statuses: [DeviceStatus] = []
  ) {
    self.model = model
    self.start = start
    self.budget = budget
    self.precision = precision
    self.qualityBudget = qualityBudget
    self.split = split
    self.isGreedy = isGreedy
    self.planLifeWindows = planLifeWindows
    self.groups = groups
    self.statuses =
      statuses.isEmpty ? Array(repeating: .serving, count: model.topology.devices.count) : statuses
    let windows = Double(loads.windows)
    estimate = LoadEstimate(
      tokensPerBatch: loads.loads(of: 0..<loads.windows).map { $0.map { Double($0) / windows } })
  }

  /// Plans, and again for the time it takes.
  ///
  /// - Throws: `LoadPlanningError.budgetTooSmall` when one copy of each expert does not fit the budget at the precisions
  ///   allowed, `currentTooLarge` when the placement to start from does not, `qualityBudgetTooSmall` when the copies
  ///   that fit cost more quality than allowed, `packing` when copies cannot be packed.
  public func document() throws(LoadPlanningError) -> PlanDocument {
    let limits = limits()
    try checkMemory()
    let from = try origin(limits)
    let planner = Planner(
      shape: model.shape, topology: model.topology, cost: model.cost, split: split, passes: passes)
    if let places = limits.replicasPerDevice, start == nil, split == .even, !isGreedy {
      return try packed(planner, places, from)
    }
    var plan = try self.plan(planner, from, limits)
    guard plan.forecast.qualitySpent <= limits.qualityBudget * (1 + 1e-9) || start != nil else {
      throw .qualityBudgetTooSmall(needed: plan.forecast.qualitySpent, budget: limits.qualityBudget)
    }
    let milliseconds = try median { () throws(LoadPlanningError) in
      plan = try self.plan(planner, from, limits)
    }
    return document(
      planner, plan.target, from, before: start == nil ? nil : plan.forecast.imbalanceBefore, milliseconds,
      moves: start == nil ? [] : moves(plan, planner))
  }

  /// Even shares from nothing: no search is needed.
  private func packed(_ planner: Planner, _ places: Int, _ from: Placement) throws(LoadPlanningError) -> PlanDocument {
    do throws(PackingError) {
      var target = try planner.pack(for: estimate, replicasPerDevice: places, groups: groups)
      let milliseconds = try median { () throws(PackingError) in
        target = try planner.pack(for: estimate, replicasPerDevice: places, groups: groups)
      }
      return document(planner, target, from, before: nil, milliseconds)
    } catch {
      throw .packing(error)
    }
  }

  private func document(
    _ planner: Planner, _ target: Placement, _ from: Placement, before: Double?, _ milliseconds: Double,
    moves: [PlanMove] = []
  ) -> PlanDocument {
    let layers = planner.shares(of: target, for: estimate)
    let bounds = estimate.tokensPerBatch.map {
      ImbalanceBound.layer($0, copies: model.copies, devices: devices, split: split)
    }
    // Devices that do not serve are no idle ones.
    let serving = Double(statuses.count { $0 == .serving }) / Double(devices)
    return PlanDocument(
      from: from, to: target, before: before, perLayer: layers.map { max(1, $0.imbalance * serving) },
      lowerBounds: bounds, shares: layers.map(\.shares), shape: model.shape, devices: devices,
      milliseconds: milliseconds, moves: moves)
  }

  /// The median of what `plan` takes, in milliseconds.
  private func median<Failure: Error>(_ plan: () throws(Failure) -> Void) throws(Failure) -> Double {
    let clock = ContinuousClock()
    var times: [Double] = []
    for _ in 0..<Self.repetitions {
      let begin = clock.now
      try plan()
      times.append((clock.now - begin).milliseconds)
    }
    return times.sorted()[times.count / 2]
  }

  private func plan(
    _ planner: Planner, _ from: Placement, _ limits: PlanningLimits
  ) throws(LoadPlanningError) -> Plan {
    do throws(RehomingError) {
      return try planner.plan(from: from, for: estimate, within: limits, statuses: statuses)
    } catch {
      throw .rehoming(error)
    }
  }

  private func moves(_ plan: Plan, _ planner: Planner) -> [PlanMove] {
    let before = planner.shares(of: plan.current, for: estimate).map(\.shares)
    return PlanMove.moves(of: plan, for: estimate, shares: before, statuses: statuses)
  }

  private var devices: Int { model.topology.devices.count }

  private var passes: [any PlanningPass] {
    guard !isGreedy else { return [PackFromScratch(always: true)] }
    // Where nothing is there yet, a fresh packing is the better place to search from.
    return (start == nil ? [PackEvenly(always: true)] : []) + Planner.passes(searchRounds: 64)
  }

  private func limits() -> PlanningLimits {
    var limits = PlanningLimits.unlimited(devices: devices, replicasPerDevice: model.copies.map { $0 / devices })
    limits.qualityBudget = qualityBudget
    limits.precisions = Precision.allCases.filter {
      $0.satisfies(precision) && $0.rawValue >= model.shape.fullPrecision.rawValue
    }
    if start != nil {
      limits.nanosecondsPerByte =
        ControllerConfiguration().gainSafetyFactor * 1e9 / model.cost.linkBytesPerSecond / Double(planLifeWindows)
    }
    let memory = model.topology.devices.map { min($0.memoryBytes, Int.max / 4) }
    guard let budget else {
      limits.residentBytes = memory
      return limits
    }
    limits.residentBytes = ByteBudget.shares(of: budget.bytes(fullBytes: model.shape.fullBytes), memory: memory)
    if start != nil { limits.stagingBytes = limits.residentBytes }
    return limits
  }

  /// Where a number of copies is asked for, every device must have memory for its share.
  private func checkMemory() throws(LoadPlanningError) {
    guard budget == nil, let copies = model.copies else { return }
    let replicas = model.shape.layers.multipliedReportingOverflow(by: copies / devices)
    let bytes = replicas.partialValue.multipliedReportingOverflow(by: model.shape.bytesPerExpert[.bfloat16])
    let needed = replicas.overflow || bytes.overflow ? Int.max : bytes.partialValue
    for (index, device) in model.topology.devices.enumerated() where device.memoryBytes < min(needed, Int.max / 4) {
      throw .memoryTooSmall(device: DeviceID(index), neededBytes: needed, memoryBytes: device.memoryBytes)
    }
  }

  /// The placement the plan starts from: the one given, or one copy of each expert, as exact as the budget allows.
  private func origin(_ limits: PlanningLimits) throws(LoadPlanningError) -> Placement {
    if let start {
      for (index, bytes) in start.bytesPerDevice(shape: model.shape, devices: devices).enumerated()
      where bytes > limits.residentBytes[index] {
        throw .currentTooLarge(device: DeviceID(index), bytes: bytes, budgetBytes: limits.residentBytes[index])
      }
      return start
    }
    let budget = ByteBudget(bytesPerDevice: limits.residentBytes, reserveBytes: 0)
    var needed = 0
    for precision in limits.precisions {
      let placement = budget.startPlacement(shape: model.shape, topology: model.topology, leastPrecision: precision)
      let bytes = placement.bytesPerDevice(shape: model.shape, devices: devices)
      needed = bytes.max() ?? 0
      if zip(bytes, limits.residentBytes).allSatisfy({ $0 <= $1 }) { return placement }
    }
    throw .budgetTooSmall(
      precision: precision, devices: devices, neededBytes: needed, budgetBytes: limits.residentBytes.min() ?? 0)
  }
}

/// Why loads cannot be planned for as asked.
public enum LoadPlanningError: Error, Hashable, CustomStringConvertible {
  /// The budget cannot hold one copy of each expert at the least precision allowed; bytes are a device's.
  case budgetTooSmall(precision: Precision, devices: Int, neededBytes: Int, budgetBytes: Int)
  /// The placement to start from takes more than the budget.
  case currentTooLarge(device: DeviceID, bytes: Int, budgetBytes: Int)
  /// What lost or drained devices hold cannot all stand elsewhere.
  case rehoming(RehomingError)
  /// A device cannot hold its share of the copies asked for.
  case memoryTooSmall(device: DeviceID, neededBytes: Int, memoryBytes: Int)
  /// The copies that fit the bytes cost more quality than allowed.
  case qualityBudgetTooSmall(needed: Double, budget: Double)
  /// The copies cannot be packed as asked.
  case packing(PackingError)

  /// The fact, with both numbers.
  public var description: String {
    switch self {
    case .budgetTooSmall(let precision, let devices, let needed, let budget):
      "the memory budget gives each of \(devices) devices \(budget) bytes; its share of one copy of each expert takes "
        + "\(needed) at \(precision), so take a larger budget or a lower precision"
    case .currentTooLarge(let device, let bytes, let budget):
      "the placement to start from takes \(bytes) bytes on device \(device); the memory budget gives it \(budget)"
    case .rehoming(let error): error.description
    case .memoryTooSmall(let device, let needed, let memory):
      "the copies asked for take \(needed) bytes on device \(device), which has \(memory); ask for fewer, or give a memory "
        + "budget, which devices share by what they have"
    case .qualityBudgetTooSmall(let needed, let budget):
      "the copies that fit the memory budget cost \(needed) of quality in the worst layer; the quality budget is \(budget)"
    case .packing(let error): error.description
    }
  }
}
