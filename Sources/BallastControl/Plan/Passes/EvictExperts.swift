import BallastRuntime

/// Keeps the experts that the traffic needs in device memory, and lets others go from it.
///
/// Stored experts come back in the order in which they are needed: into bytes that are free, or into those of what is
/// needed less. Of that, copies of experts that have others go first; then precision, as far as the quality budget
/// allows; then experts, which are stored. Where a plan may not stage as much at once, room is made for the next all the
/// same. Does nothing unless the limits allow eviction.
public struct EvictExperts: PlanningPass {
  // Algorithm: residency by the one-pass score of EASY-EP (arXiv 2504.06792), scores being shares of their layer. The
  // paper prunes once; here what is pruned stays computable, and the set follows the traffic, one exchange at a time.

  /// A pass without knobs.
  public init() {}

  /// Exchanges stored experts for resident ones that are needed less.
  public func improve(_ draft: inout PlacementDraft) {
    guard draft.limits.mayEvict else { return }
    var rows = ResidentRows(draft)
    var promisedBytes = 0
    for stored in storedReplicas(draft) {
      // Who is needed less than one for whom nobody has to go is not worth more.
      guard let exchange = rows.exchange(for: stored, draft) else { return }
      // As much as one plan may stage is promised to the next, and no more: loads may have changed by then.
      guard promisedBytes <= draft.limits.moveBytes - exchange.bytes else { return }
      for change in exchange.leaving where !draft.take(change) { return }
      let hasCome = draft.take(exchange.coming)
      rows.note(exchange, hasCome: hasCome)
      if !hasCome { promisedBytes += exchange.bytes }
    }
  }

  /// Those of experts that are resident nowhere, needed most first.
  private func storedReplicas(_ draft: PlacementDraft) -> [NeededReplica] {
    var stored: [NeededReplica] = []
    for (index, layer) in draft.placement.layers.enumerated() where draft.mayChange(LayerID(index)) {
      for replica in layer.replicas
      where replica.residency == .stored && !draft.limits.pinned.holds(replica, LayerID(index)) {
        let need = draft.estimate.need[index][replica.expert.index]
        stored.append(NeededReplica(layer: LayerID(index), replica: replica, need: need))
      }
    }
    return stored.sorted {
      ($1.need, $0.layer, $0.replica.expert) < ($0.need, $1.layer, $1.replica.expert)
    }
  }
}
