import BallastRuntime

/// Spends bytes that are left on copies of the experts whose replicas take longest.
///
/// Devices may be even while one replica still takes far longer than any other: the next batch that leans on
/// it has nowhere to go. A copy is added, paid for by demoting or dropping what its device needs least, when it
/// relieves the busiest replica by more than its price and lengthens no batch.
public struct CopyHeavyHitters: PlanningPass {
  // Algorithm: the replication step of Replicate-and-Quantize (arXiv 2602.19938), at the least precision that
  // quality allows, after the steps that save time have taken what they need.
  private let rounds: Int

  /// Share of its time the busiest replica must lose to a copy of it.
  private static let leastRelief = 0.01

  /// A pass that adds at most `rounds` copies to each layer.
  public init(rounds: Int) { self.rounds = rounds }

  /// Copies heavy hitters until no bytes are left, or no copy helps.
  public func improve(_ draft: inout PlacementDraft) {
    guard draft.limits.replicasPerDevice == nil else { return }
    for layer in draft.layersByExcess where draft.mayChange(layer) {
      for _ in 0..<rounds {
        guard copyBusiest(layer, &draft) else { break }
      }
    }
  }

  private func copyBusiest(_ layer: LayerID, _ draft: inout PlacementDraft) -> Bool {
    let survey = draft.survey(layer)
    guard let busiest = survey.busiestReplica else { return false }
    return copies(of: busiest, survey, draft).contains { draft.relieve($0, by: Self.leastRelief) }
  }

  /// Copies of the busiest replica, alone and in exchange for a copy of what is heavy where it goes.
  ///
  /// Even shares of one heavy expert alone would only shift its device's load to the other. Where it has gone already,
  /// the other half of the exchange.
  private func copies(of busiest: Replica, _ survey: LayerSurvey, _ draft: PlacementDraft) -> [LayerChange] {
    draft.topology.devices.indices.map { DeviceID($0) }.filter { $0 != busiest.device }.flatMap { device in
      let back = survey.heaviest(on: device, count: 8).filter { !survey.holds($0.expert, on: busiest.device) }
      let returned = back.prefix(3).flatMap { copies(of: $0, on: busiest.device, survey, draft) }
      guard !survey.holds(busiest.expert, on: device) else { return returned }
      let there = copies(of: busiest, on: device, survey, draft)
      return there + returned.flatMap { one in there.map { $0.joined(one) } }
    }
  }

  /// A copy at the least exact precision and one at full, with room made where it lacks.
  private func copies(
    of replica: Replica, on device: DeviceID, _ survey: LayerSurvey, _ draft: PlacementDraft
  ) -> [LayerChange] {
    let full = draft.shape.fullPrecision
    return draft.limits.precisions.reversed().filter { $0.rawValue >= full.rawValue }.compactMap { precision in
      draft.adding(Replica(expert: replica.expert, device: device, precision: precision), survey)
    }
  }
}

extension LayerChange {
  /// Both changes at once.
  fileprivate func joined(_ other: LayerChange) -> LayerChange {
    LayerChange(layer: layer, removed: removed + other.removed, added: added + other.added)
  }
}
