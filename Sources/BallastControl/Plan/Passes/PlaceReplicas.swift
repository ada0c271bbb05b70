import BallastRuntime

/// Evens devices by moving, swapping and exchanging replicas, the fewest that pay.
///
/// From the placement as it is, the pass looks at the busiest device of a layer and weighs: a replica of it changing
/// places with one of an idle device, moving there where bytes allow, or, where the number of replicas is fixed, a
/// copy of it there in place of a copy that is hardly used. A change is made only when the time it saves exceeds its
/// price, so a placement that is good enough stays.
public struct PlaceReplicas: PlanningPass {
  private let rounds: Int

  /// A pass that takes at most `rounds` steps in each layer.
  public init(rounds: Int) { self.rounds = rounds }

  /// Moves replicas until no step pays.
  public func improve(_ draft: inout PlacementDraft) {
    for layer in draft.layersByExcess where draft.mayChange(layer) {
      guard isOpen(layer, draft) else { continue }
      for _ in 0..<rounds {
        let proposals = draft.surveys(layer).flatMap { $0.proposals(changes($0, draft)) }
        guard draft.improve(layer, proposals) else { break }
      }
    }
  }

  /// Whether this pass searches the layer: what can be exchanged is left to `ExchangeReplicas`, which finds more, except
  /// in small layers, where this pass sees what takes two steps.
  private func isOpen(_ layer: LayerID, _ draft: PlacementDraft) -> Bool {
    guard draft.hasExchangeableReplicas, draft.placesFilled(layer) != nil else { return true }
    return draft.shape.expertsPerLayer <= Self.smallLayer && draft.estimate.hasShifted(layer)
  }

  /// Experts of a layer that takes little to search.
  private static let smallLayer = 16

  private func changes(_ survey: LayerSurvey, _ draft: PlacementDraft) -> [LayerChange] {
    survey.heaviest(on: survey.busiest, count: 5).flatMap { replica in
      survey.idlest(lacking: replica.expert, count: 3).flatMap { device in
        swaps(replica, device, survey)
          + (draft.limits.replicasPerDevice == nil
            ? [move(replica, device, survey)] : exchanges(replica, device, survey))
      }
    }
  }

  private func swaps(_ replica: Replica, _ device: DeviceID, _ survey: LayerSurvey) -> [LayerChange] {
    survey.partners(of: replica, on: device, count: 2).map { partner in
      LayerChange(
        layer: survey.layer, removed: [replica, partner],
        added: [replica.on(device), partner.on(replica.device)])
    }
  }

  private func move(_ replica: Replica, _ device: DeviceID, _ survey: LayerSurvey) -> LayerChange {
    LayerChange(layer: survey.layer, removed: [replica], added: [replica.on(device)])
  }

  /// A copy on `device` in place of one that is hardly used there.
  private func exchanges(_ replica: Replica, _ device: DeviceID, _ survey: LayerSurvey) -> [LayerChange] {
    survey.surplus(on: device).prefix(2).map { unused in
      LayerChange(layer: survey.layer, removed: [unused], added: [replica.on(device)])
    }
  }
}
