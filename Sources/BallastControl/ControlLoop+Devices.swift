import BallastRuntime

extension ControlLoop {
  /// Takes devices out, or back in, from this instant on.
  ///
  /// Replicas of lost devices leave the routing table at once wherever their expert has another; a device that holds
  /// none then is masked, so that it borrows nothing either. The next tick puts new replicas where an expert has no
  /// other. Until then a batch that needs such an expert fails.
  ///
  /// - Parameter statuses: `[device]`: whether it takes part.
  /// - Throws: `RehomingError.statusCount` or `.noDeviceLeft`; everything stays as it was.
  public mutating func set(_ statuses: [DeviceStatus]) throws(RehomingError) {
    _ = try ServingDevices(planner.topology, statuses)
    self.statuses = statuses
    let table = path.table.current
    let current = table.placement
    let target = Placement(layers: current.layers.map { $0.without(lost: statuses) })
    let changes = LayerChange.between(current, target)
    guard !changes.isEmpty else {
      if maskedDevices(current) != table.maskedDevices { republish() }
      return
    }
    let forecast = PlanForecast(
      nanosecondsBefore: 0, nanosecondsAfter: 0, imbalanceBefore: 1, imbalanceAfter: 1, bytesMoved: 0, qualitySpent: 0)
    let plan = Plan(current: current, target: target, changes: changes, forecast: forecast, isCutShort: false)
    // Every replica that stays is staged, so there is always a table.
    try? rollout.withdraw(plan, from: path.table, compile: compile)
  }

  /// Lost devices without replicas in `placement`: a last copy keeps its device in the table, or there would be none.
  func maskedDevices(_ placement: Placement) -> Set<DeviceID> {
    var masked = Set(statuses.indices.filter { statuses[$0] == .lost }.map { DeviceID($0) })
    guard !masked.isEmpty else { return [] }
    for layer in placement.layers { for replica in layer.replicas { masked.remove(replica.device) } }
    return masked
  }

  /// Whether devices that do not serve still hold replicas of `placement`.
  func mustRehome(_ placement: Placement) -> Bool {
    statuses.contains { $0 != .serving }
      && placement.layers.contains { layer in
        layer.replicas.contains { statuses[$0.device.index] != .serving }
      }
  }

  /// What to expect while nothing has been counted: every expert as often as every other.
  func evenEstimate() -> LoadEstimate {
    LoadEstimate(
      tokensPerBatch: Array(
        repeating: Array(repeating: 1, count: planner.shape.expertsPerLayer), count: planner.shape.layers))
  }

  /// The plan that leaves nothing on devices that do not serve.
  ///
  /// - Returns: nil while replicas of an earlier plan still take bytes of devices that serve, or without room; the
  ///   event says which.
  mutating func rehome(
    _ placement: Placement, _ estimate: LoadEstimate, _ limits: PlanningLimits, _ event: inout ControlEvent
  ) -> Plan? {
    guard !rollout.retiringDevices.contains(where: { statuses[$0.index] == .serving }) else {
      event.decision = .hold(.awaitingRetirement)
      return nil
    }
    event.decision = .rehome
    do throws(RehomingError) {
      return try planner.plan(from: placement, for: estimate, within: limits, statuses: statuses)
    } catch {
      event.decision = .hold(.cannotRehome(error))
      return nil
    }
  }
}

extension LayerPlacement {
  /// The layer without replicas on lost devices, but for those of experts that have no other.
  fileprivate func without(lost statuses: [DeviceStatus]) -> LayerPlacement {
    LayerPlacement(
      replicas.filter { replica in
        statuses[replica.device.index] != .lost
          || !replicas(of: replica.expert).contains { statuses[$0.device.index] != .lost }
      })
  }
}
