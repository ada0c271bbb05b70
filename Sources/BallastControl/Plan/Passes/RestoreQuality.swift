import BallastRuntime

/// Raises the precision of replicas in layers whose forecast quality loss exceeds the budget.
///
/// This is how a demotion that measured worse than expected is undone: the replica that costs the most quality is
/// promoted first, until the layer is within its budget or the bytes are spent. Where a promotion does not fit, a
/// low copy beside one at full precision is dropped.
public struct RestoreQuality: PlanningPass {
  /// A pass without knobs.
  public init() {}

  /// Promotes replicas of layers over the quality budget.
  public func improve(_ draft: inout PlacementDraft) {
    for layer in draft.layersByExcess.sorted() where draft.mayChange(layer) {
      while draft.qualitySpent(layer) > draft.limits.qualityBudget {
        guard remedies(layer, draft).contains(where: { draft.replace($0) }) else { break }
      }
    }
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
      var exact = replica
      exact.precision = full
      let promotion = LayerChange(layer: layer, removed: [replica], added: [exact])
      let isCovered = draft.placement[layer].replicas(of: replica.expert).contains { $0.precision.satisfies(full) }
      return isCovered ? [promotion, LayerChange(layer: layer, removed: [replica])] : [promotion]
    }
  }
}
