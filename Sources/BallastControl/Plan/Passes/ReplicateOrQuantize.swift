import BallastRuntime

/// Shortens the busiest device's time by adding copies and lowering precisions, inside the byte and quality budgets.
///
/// For every replica that makes a device busy the pass weighs, by the same forecast: lowering its precision in place
/// (its time falls, nothing moves), a copy elsewhere at each allowed precision, and a copy paid for by demoting or
/// dropping what the target device needs least. It takes what gains most for its price, until nothing pays.
public struct ReplicateOrQuantize: PlanningPass {
  // Algorithm: Replicate-and-Quantize (arXiv 2602.19938) replicates the heavy and quantizes the unimportant in two
  // independent steps; here both are candidates of one greedy search, judged by the time they save.
  private let rounds: Int

  /// A pass that takes at most `rounds` steps in each layer.
  public init(rounds: Int) { self.rounds = rounds }

  /// Replicates and quantizes until no step pays.
  public func improve(_ draft: inout PlacementDraft) {
    guard draft.limits.replicasPerDevice == nil else { return }
    for layer in draft.layersByExcess where draft.mayChange(layer) {
      for _ in 0..<rounds {
        let proposals = draft.surveys(layer).flatMap { $0.proposals(changes($0, draft)) }
        guard draft.improve(layer, proposals) else { break }
      }
    }
  }

  private func changes(_ survey: LayerSurvey, _ draft: PlacementDraft) -> [LayerChange] {
    survey.heaviest(on: survey.busiest, count: 4).flatMap { replica in
      quantized(replica, survey, draft) + replicated(replica, survey, draft)
    }
  }

  /// Lowering the precision in place.
  private func quantized(_ replica: Replica, _ survey: LayerSurvey, _ draft: PlacementDraft) -> [LayerChange] {
    draft.limits.precisions.filter { $0.rawValue > replica.precision.rawValue }.map { precision in
      LayerChange(layer: survey.layer, removed: [replica], added: [replica.resident(at: precision)])
    }
  }

  /// A copy on another device, with what must make room for it.
  private func replicated(_ replica: Replica, _ survey: LayerSurvey, _ draft: PlacementDraft) -> [LayerChange] {
    let full = draft.shape.fullPrecision
    return survey.idlest(lacking: replica.expert, count: 2).flatMap { device in
      draft.limits.precisions.filter { $0.rawValue >= full.rawValue }.compactMap { precision in
        draft.adding(Replica(expert: replica.expert, device: device, precision: precision), survey)
      }
    }
  }
}
