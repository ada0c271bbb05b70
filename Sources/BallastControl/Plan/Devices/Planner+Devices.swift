public import BallastRuntime

extension Planner {
  /// The plan from `current` that leaves nothing on devices that do not serve.
  ///
  /// A lost device's replicas are gone: an expert that had no other is staged anew from where weights come from. A
  /// draining device's replicas go only with the plan whose additions stand elsewhere before it is published. Then
  /// the devices that serve are planned for as by `plan(from:for:within:)`.
  ///
  /// - Parameters:
  ///   - current: The placement as it is, lost replicas included.
  ///   - estimate: What is expected of the next batches.
  ///   - limits: What to keep within, of all devices.
  ///   - statuses: `[device]`: whether it takes part.
  /// - Returns: The plan; its forecast is of the devices that serve.
  /// - Throws: `RehomingError`; then nothing is planned.
  public func plan(
    from current: Placement, for estimate: LoadEstimate, within limits: PlanningLimits, statuses: [DeviceStatus]
  ) throws(RehomingError) -> Plan {
    let serving = try ServingDevices(topology, statuses)
    guard serving.devices.count < topology.devices.count else {
      return plan(from: current, for: estimate, within: limits)
    }
    let rehoming = try Rehoming(
      current, shape: shape, topology: topology, tokens: estimate.tokensPerBatch, limits: limits, statuses: statuses)
    let inner = Planner(shape: shape, topology: serving.topology, cost: cost, split: split, passes: passes)
    let plan = inner.plan(
      from: serving.numbered(rehoming.placement), for: estimate,
      within: serving.limits(limits, leavingBytes: rehoming.leavingBytes, experts: shape.expertsPerLayer))
    let target = serving.named(plan.target)
    let changes = LayerChange.between(current, target)
    var forecast = plan.forecast
    forecast.bytesMoved = changes.reduce(0) { sum, change in
      change.added.reduce(sum) { $0 + shape.bytes(of: $1) }
    }
    return Plan(
      current: current, target: target, changes: changes, forecast: forecast, isCutShort: plan.isCutShort)
  }

  /// Maximum over mean time of the devices that serve, mean over layers; replicas on others are left out.
  ///
  /// - Throws: `RehomingError` when no device serves, or statuses and devices differ in number.
  public func imbalance(
    of placement: Placement, for estimate: LoadEstimate, statuses: [DeviceStatus]
  ) throws(RehomingError) -> Double {
    let serving = try ServingDevices(topology, statuses)
    guard serving.devices.count < topology.devices.count else { return imbalance(of: placement, for: estimate) }
    let inner = Planner(shape: shape, topology: serving.topology, cost: cost, split: split, passes: [])
    return inner.imbalance(of: serving.numbered(placement), for: estimate)
  }
}
