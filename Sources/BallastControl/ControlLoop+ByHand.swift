public import BallastRuntime

// What whoever operates a balancer does beside the loop: look at the plan it would make, apply one, take one back.
extension ControlLoop {
  /// The plan that would be made now, were every imbalance old enough; nothing is applied, and nothing remembered.
  ///
  /// - Throws: `PlacementChangeError.nothingCounted`, or `.devices` when replicas of devices that go have no room.
  public func proposal(
    _ snapshot: LoadSnapshot, samples: SampleTotals, transitions: AffinityTotals? = nil
  ) throws(PlacementChangeError) -> Plan {
    var looking = self
    let known = looking.expect(snapshot, samples, transitions)
    let table = path.table.current
    guard let estimate = known ?? (mustRehome(table.placement) ? evenEstimate() : nil) else { throw .nothingCounted }
    do throws(RehomingError) {
      var plan = try planner.plan(
        from: table.placement, for: estimate, within: limits(estimate), statuses: statuses)
      plan.version = table.version + 1
      return plan
    } catch {
      throw .devices(error)
    }
  }

  /// The plan that leads from the placement as it is to `target`; it promises nothing but its bytes.
  ///
  /// - Throws: `PlacementChangeError` when `target` cannot be served.
  public func plan(to target: Placement) throws(PlacementChangeError) -> Plan {
    let table = path.table.current
    try check(target)
    var plan = Plan(from: table.placement, to: target, bytesPerExpert: path.executor.shape.bytesPerExpert)
    plan.version = table.version + 1
    return plan
  }

  /// The plan that leads back to what the last publication replaced.
  ///
  /// - Throws: `PlacementChangeError.noEarlierPlacement` before the first.
  public func planBack() throws(PlacementChangeError) -> Plan {
    guard let previous else { throw .noEarlierPlacement }
    return try plan(to: previous)
  }

  /// Applies a plan now, whatever the mode; the loop then waits for its cooldown before it plans again.
  ///
  /// - Parameters:
  ///   - plan: Where to; it begins with the placement in use.
  ///   - time: Now, on the clock of the snapshots.
  /// - Returns: What became of it.
  /// - Throws: As `check(_:)`; nothing is staged then.
  public mutating func apply(_ plan: Plan, at time: Duration) async throws(PlacementChangeError) -> ControlEvent {
    let retired = await rollout.retireUnreachable(path.table)
    try check(plan)
    defer { ticks += 1 }
    var event = ControlEvent(
      tick: ticks, time: time, decision: .byHand, retired: retired, isRetiring: rollout.isRetiring)
    event.forecast = plan.forecast
    event.changes = plan.changes
    controller.planned()
    await carryOut(plan, path.samples.totals(), &event)
    return event
  }

  /// Whether a plan fits what stands now.
  ///
  /// - Throws: `PlacementChangeError` naming what it does not fit.
  public func check(_ plan: Plan) throws(PlacementChangeError) {
    let table = path.table.current
    if let version = plan.version, version != table.version + 1 {
      throw .stale(planVersion: version, tableVersion: table.version)
    }
    guard plan.current == table.placement else { throw .stale(planVersion: nil, tableVersion: table.version) }
    if let step = plan.switchStep, let reached = rollout.switchPoint.reached, step <= reached {
      throw .switchStepPassed(step, reached: reached)
    }
    try check(plan.target)
    for replica in plan.changes.flatMap(\.added) where statuses[replica.device.index] != .serving {
      throw .deviceNotServing(replica.device)
    }
    try checkRoom(plan)
  }

  private func check(_ target: Placement) throws(PlacementChangeError) {
    do throws(PlacementError) {
      try target.check(shape: path.executor.shape, topology: path.executor.topology)
    } catch {
      throw .placement(error)
    }
  }

  /// What stands, what waits to be retired and what is to be staged have room together.
  private func checkRoom(_ plan: Plan) throws(PlacementChangeError) {
    let shape = path.executor.shape
    var bytes = zip(
      plan.current.bytesPerDevice(shape: shape, devices: budget.bytesPerDevice.count),
      rollout.leavingBytes(devices: budget.bytesPerDevice.count)
    ).map { $0 + $1 }
    for replica in plan.changes.flatMap(\.added) {
      bytes[replica.device.index] += shape.bytes(of: replica)
    }
    for (device, needed) in bytes.enumerated() where needed > budget.bytesPerDevice[device] {
      throw .noRoom(DeviceID(device), neededBytes: needed, budgetBytes: budget.bytesPerDevice[device])
    }
  }
}
