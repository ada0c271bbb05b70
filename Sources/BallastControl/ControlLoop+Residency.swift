import BallastRuntime

extension ControlLoop {
  /// Takes in what experts are needed for; where none may be evicted nobody asks.
  mutating func noteNeed(_ samples: SampleTotals, _ estimate: inout LoadEstimate?) {
    guard configuration.planner.residency.mayEvict else { return }
    need.note(samples.importance)
    if let loads = estimate?.tokensPerBatch { estimate?.need = need.shares(loads: loads) }
  }

  /// Whether a plan should be sought without waiting for imbalance: a replica errs too much, or a stored expert should come
  /// back.
  func isUrgent(_ quality: QualityGuard, _ placement: Placement, _ estimate: LoadEstimate) -> Bool {
    let pinned = configuration.planner.pinned
    return quality.breaches.contains {
      !hopeless.contains($0.place) && !pinned.holds($0.place.replica, $0.place.layer)
    } || isExchangeDue(placement, estimate)
  }

  private func isExchangeDue(_ placement: Placement, _ estimate: LoadEstimate) -> Bool {
    guard configuration.planner.residency.mayEvict else { return false }
    if let tick = hopelessExchangeTick, ticks - tick < Self.exchangePatienceTicks { return false }
    return ResidentExchange.isDue(placement, need: estimate.need, pinned: configuration.planner.pinned)
  }

  /// Ticks after which an exchange that no plan could make is asked for again.
  private static let exchangePatienceTicks = 16
}
