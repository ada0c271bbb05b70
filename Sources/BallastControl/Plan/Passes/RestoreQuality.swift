import BallastRuntime

/// Raises the precision of replicas in layers whose forecast quality loss exceeds the budget.
///
/// This is how a demotion that measured worse than expected is undone: the replica that costs the most quality is
/// promoted first, until the layer is within its budget or the bytes are spent.
public struct RestoreQuality: PlanningPass {
  /// A pass without knobs.
  public init() {}

  /// Promotes replicas of layers over the quality budget.
  public func improve(_ draft: inout PlacementDraft) {
    for layer in draft.layersByExcess.sorted() {
      while draft.qualitySpent(layer) > draft.limits.qualityBudget {
        guard let change = promotions(layer, draft).first(where: { draft.replace($0) }) else { break }
        assert(!change.added.isEmpty)
      }
    }
  }

  /// Promotions to full precision, those that give back the most quality first.
  private func promotions(_ layer: LayerID, _ draft: PlacementDraft) -> [LayerChange] {
    let forecast = draft.forecast(layer)
    let full = draft.shape.fullPrecision
    let low = draft.placement[layer].replicas.enumerated().filter { !$0.element.precision.satisfies(full) }
    let cost = low.map { index, replica in
      forecast.replicaTokens[index] * draft.estimate.importance[layer.index][replica.expert.index]
        * draft.estimate.errors.error(
          layer: layer, expert: replica.expert, precision: replica.precision, full: full)
    }
    return low.indices.sorted { (cost[$1], $0) < (cost[$0], $1) }.map { place in
      let replica = low[place].element
      var exact = replica
      exact.precision = full
      return LayerChange(layer: layer, removed: [replica], added: [exact])
    }
  }
}
