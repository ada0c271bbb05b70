import BallastRuntime

/// Raises the precision of replicas that err beyond their bound, and of layers whose forecast quality loss exceeds the
/// budget.
///
/// This is how a demotion that measured worse than expected is undone: the replica that costs the most quality is
/// promoted first, until the layer is within its budget or the bytes are spent. Where a promotion does not fit, a
/// low copy beside one at full precision is dropped.
public struct RestoreQuality: PlanningPass {
  /// A pass without knobs.
  public init() {}

  /// Promotes replicas over their bound, then replicas of layers over the quality budget.
  public func improve(_ draft: inout PlacementDraft) {
    for layer in draft.layersByExcess.sorted() where draft.mayChange(layer) {
      for replica in draft.placement[layer].replicas where draft.errsTooMuch(replica, layer) {
        _ = promotions(of: replica, layer, draft).contains { draft.replace($0) }
      }
      while draft.qualitySpent(layer) > draft.limits.qualityBudget {
        guard remedies(layer, draft).contains(where: { draft.replace($0) }) else { break }
      }
    }
  }

  /// The nearest precision within the bound, and a drop where an exact copy is left.
  private func promotions(of replica: Replica, _ layer: LayerID, _ draft: PlacementDraft) -> [LayerChange] {
    let full = draft.shape.fullPrecision
    let better = Precision.allCases.reversed().filter {
      $0.rawValue < replica.precision.rawValue && $0.rawValue >= full.rawValue
        && ($0 == full || draft.limits.precisions.contains($0))
    }
    let promoted = better.map { replica.resident(at: $0) }
    let changes = promoted.map { LayerChange(layer: layer, removed: [replica], added: [$0]) }
    let isCovered = draft.placement[layer].replicas(of: replica.expert).contains { $0.precision.satisfies(full) }
    return isCovered ? changes + [LayerChange(layer: layer, removed: [replica])] : changes
  }

  /// Promotions to full precision and drops, those that give back the most quality first.
  private func remedies(_ layer: LayerID, _ draft: PlacementDraft) -> [LayerChange] {
    let forecast = draft.forecast(layer)
    let full = draft.shape.fullPrecision
    let low = draft.placement[layer].replicas.enumerated().filter { !$0.element.precision.satisfies(full) }
    let cost = low.map { index, replica in
      forecast.replicaTokens[index] * draft.estimate.importance[layer.index][replica.expert.index]
        * draft.estimate.errors.error(
          layer: layer, expert: replica.expert, precision: replica.precision, full: full)
    }
    return low.indices.sorted { (cost[$1], $0) < (cost[$0], $1) }.flatMap { place in
      let replica = low[place].element
      let promotion = LayerChange(layer: layer, removed: [replica], added: [replica.resident(at: full)])
      let isCovered = draft.placement[layer].replicas(of: replica.expert).contains { $0.precision.satisfies(full) }
      return isCovered ? [promotion, LayerChange(layer: layer, removed: [replica])] : [promotion]
    }
  }
}
