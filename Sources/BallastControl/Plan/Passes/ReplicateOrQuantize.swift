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
    for layer in draft.layersByExcess {
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
      var lower = replica
      lower.precision = precision
      return LayerChange(layer: survey.layer, removed: [replica], added: [lower])
    }
  }

  /// A copy on another device, with what must make room for it.
  private func replicated(_ replica: Replica, _ survey: LayerSurvey, _ draft: PlacementDraft) -> [LayerChange] {
    let full = draft.shape.fullPrecision
    return survey.idlest(lacking: replica.expert, count: 2).flatMap { device in
      draft.limits.precisions.filter { $0.rawValue >= full.rawValue }.compactMap { precision in
        let copy = Replica(expert: replica.expert, device: device, precision: precision)
        let needed = draft.shape.bytesPerExpert[precision] - draft.residentRoom(device)
        guard var change = roomFor(needed, on: device, survey, draft) else { return nil }
        change.added.append(copy)
        return change
      }
    }
  }

  /// Demotions and drops on `device` that free `bytes`, least harm first; nil when they cannot.
  private func roomFor(
    _ bytes: Int, on device: DeviceID, _ survey: LayerSurvey, _ draft: PlacementDraft
  ) -> LayerChange? {
    var change = LayerChange(layer: survey.layer)
    var freed = 0
    guard let lowest = draft.limits.precisions.last else { return nil }
    for replica in survey.leastHarmful(on: device) where freed < bytes {
      if survey.isSurplus(replica) {
        change.removed.append(replica)
        freed += draft.shape.bytesPerExpert[replica.precision]
      } else if replica.precision.rawValue < lowest.rawValue {
        var lower = replica
        lower.precision = lowest
        change.removed.append(replica)
        change.added.append(lower)
        freed += draft.shape.bytesPerExpert[replica.precision] - draft.shape.bytesPerExpert[lowest]
      }
    }
    return freed >= bytes ? change : nil
  }
}
