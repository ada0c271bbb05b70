public import BallastControl

extension Balancer {
  /// What the balancer has learned so far.
  ///
  /// - Throws: `PlacementChangeError.turnUnderWay`.
  public func learned() throws(PlacementChangeError) -> LearnedState {
    try idle().learned(samples)
  }

  /// Takes over what another balancer of the same model has learned, and applies the placement it had.
  ///
  /// - Returns: What became of the placement; nil when it is the one in use.
  /// - Throws: `PlacementChangeError`; everything stays as it was.
  @discardableResult
  public func restore(_ state: LearnedState) async throws(PlacementChangeError) -> ControlEvent? {
    guard var control = take() else { throw .turnUnderWay }
    var event: ControlEvent?
    do throws(PlacementChangeError) {
      var next = control
      try next.recall(state, samples: samples)
      let plan = try next.plan(to: state.placement)
      try next.check(plan)
      if !plan.isEmpty { event = try await next.apply(plan, at: ContinuousClock.now - start) }
      control = next
    } catch {
      putBack(control)
      throw error
    }
    if let event { conclude(control, event) } else { putBack(control) }
    return event
  }
}
