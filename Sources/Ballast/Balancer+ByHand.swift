public import BallastControl
public import BallastRuntime

// What whoever operates a balancer does beside its loop. Freeze the loop first (`ControlMode.observe`) where it should
// not plan anew once its cooldown is over.
extension Balancer {
  /// The plan that would be made now from what lanes have counted, with its forecast; nothing is applied or remembered.
  ///
  /// - Throws: `PlacementChangeError.turnUnderWay`, `.nothingCounted` or `.devices`.
  public func proposal() throws(PlacementChangeError) -> Plan {
    try proposal(
      LoadSnapshot(time: .zero, totals: load), samples: samples, transitions: path.affinity?.totals())
  }

  /// The plan that would be made now from counts made elsewhere.
  ///
  /// - Throws: As `proposal()`, and `.otherModel` when the counts are of another model.
  public func proposal(
    _ snapshot: LoadSnapshot, samples: SampleTotals, transitions: AffinityTotals? = nil
  ) throws(PlacementChangeError) -> Plan {
    guard fits(snapshot, samples), fits(transitions) else {
      throw .otherModel(
        "the counts have \(snapshot.totals.layers) layers of \(snapshot.totals.expertsPerLayer) experts")
    }
    return try idle().proposal(snapshot, samples: samples, transitions: transitions)
  }

  /// The plan that leads from the placement in use to `target`.
  ///
  /// - Throws: `PlacementChangeError.turnUnderWay`, or `.placement` for one that cannot be served.
  public func plan(to target: Placement) throws(PlacementChangeError) -> Plan { try idle().plan(to: target) }

  /// The plan that leads back to what the last publication replaced; applied twice, it undoes itself.
  ///
  /// - Throws: `PlacementChangeError.turnUnderWay`, `.noEarlierPlacement` or `.placement`.
  public func planBack() throws(PlacementChangeError) -> Plan { try idle().planBack() }

  /// Whether `plan` could be applied now.
  ///
  /// - Throws: `PlacementChangeError` naming what it does not fit.
  public func check(_ plan: Plan) throws(PlacementChangeError) { try idle().check(plan) }

  /// Applies a plan now, whatever the mode; a plan with a `switchStep` is published when `reach` comes to it.
  ///
  /// - Returns: What became of it, which observers hear too.
  /// - Throws: `PlacementChangeError`; nothing is staged then.
  @discardableResult
  public func apply(_ plan: Plan, at time: Duration? = nil) async throws(PlacementChangeError) -> ControlEvent {
    guard var control = take() else { throw .turnUnderWay }
    let event: ControlEvent
    do throws(PlacementChangeError) {
      event = try await control.apply(plan, at: time ?? ContinuousClock.now - start)
    } catch {
      putBack(control)
      throw error
    }
    conclude(control, event)
    return event
  }

  /// Says that serving is about to begin `step`, on a count that all processes share.
  ///
  /// - Returns: Once a plan that is to be switched to at that step is published; `.notStaged` when it is not ready.
  @discardableResult
  public func reach(_ step: UInt64) async -> SwitchPoint.Outcome { await switchPoint.reach(step) }

  /// Abandons a plan that waits for its `switchStep`; returns whether one did.
  @discardableResult
  public func withdrawSwitch() -> Bool { switchPoint.withdraw() }

  /// Says that nobody serves any more: whatever waits for a `switchStep`, now or later, is abandoned.
  public func closeSwitch() { switchPoint.close() }

  /// The loop between two turns, under the newest configuration.
  func idle() throws(PlacementChangeError) -> ControlLoop {
    guard let control = take() else { throw .turnUnderWay }
    putBack(control)
    return control
  }
}
