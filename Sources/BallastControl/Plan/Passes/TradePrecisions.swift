import BallastRuntime

/// Spends quality and bytes where they buy most: changes that only pay two at a time.
///
/// A step by itself may be barred by a budget that another step would free: the replica that costs much quality and
/// saves little time is raised while one that makes a device busy is lowered. In layers small enough every pair of
/// changes is weighed, and every three where replicas are; in larger ones the trades of precision that touch the busiest device.
public struct TradePrecisions: PlanningPass {
  private let rounds: Int

  /// Replicas there could be, up to which every pair of changes is weighed.
  private static let smallLayer = 20

  /// A pass that takes at most `rounds` steps in each layer.
  public init(rounds: Int) { self.rounds = rounds }

  /// Trades until no pair pays; does nothing where one precision is all there is, or the number of replicas is fixed.
  public func improve(_ draft: inout PlacementDraft) {
    guard draft.limits.replicasPerDevice == nil, draft.limits.precisions.count > 1 else { return }
    let choices = draft.shape.expertsPerLayer * draft.topology.devices.count * draft.limits.precisions.count
    let isSmall = choices <= Self.smallLayer
    for layer in draft.layersByExcess {
      for _ in 0..<rounds {
        let newest = max(0, draft.estimate.scenarios.count - 1)
        let proposals =
          isSmall
          ? everyFew(draft, layer).map { Proposal(change: $0, scenario: newest) }
          : draft.surveys(layer).flatMap { $0.proposals(trades($0, draft)) }
        guard draft.improve(layer, proposals) else { break }
      }
    }
  }

  private func everyFew(_ draft: PlacementDraft, _ layer: LayerID) -> [LayerChange] {
    let placement = draft.placement[layer]
    let singles = singles(draft, layer)
    // A budget may bind so that only three together fit it; of these, only what replicas where they are can become.
    let inPlace = singles.filter { change in
      change.added.allSatisfy { placement.replica(of: $0.expert, on: $0.device) != nil }
    }
    let triples = joined(joined(inPlace, inPlace, placement), inPlace, placement)
    return singles + joined(singles, singles, placement) + triples
  }

  /// A replica of the busiest device lowered, and one that costs quality raised.
  private func trades(_ survey: LayerSurvey, _ draft: PlacementDraft) -> [LayerChange] {
    let full = draft.shape.fullPrecision
    guard let lowest = draft.limits.precisions.last else { return [] }
    let low = draft.placement[survey.layer].replicas.filter { !$0.precision.satisfies(full) }
    let importance = draft.estimate.importance[survey.layer.index]
    func cost(_ replica: Replica) -> Double { survey.tokens(of: replica) * importance[replica.expert.index] }
    let dearest = low.sorted { (cost($1), $0.expert) < (cost($0), $1.expert) }.prefix(4)
    return survey.heaviest(on: survey.busiest, count: 4).filter { $0.precision != lowest }.flatMap { heavy in
      dearest.filter { $0 != heavy }.map { dear in
        LayerChange(
          layer: survey.layer, removed: [heavy, dear], added: [heavy.resident(at: lowest), dear.resident(at: full)])
      }
    }
  }

  /// Everything that can become of one replica, or of one expert on one device.
  private func singles(_ draft: PlacementDraft, _ layer: LayerID) -> [LayerChange] {
    let placement = draft.placement[layer]
    let precisions = draft.limits.precisions
    let devices = draft.topology.devices.indices.map { DeviceID($0) }
    var singles: [LayerChange] = []
    for replica in placement.replicas {
      for precision in precisions where precision != replica.precision {
        singles.append(LayerChange(layer: layer, removed: [replica], added: [replica.resident(at: precision)]))
      }
      if placement.replicas(of: replica.expert).count > 1 {
        singles.append(LayerChange(layer: layer, removed: [replica]))
      }
    }
    for expert in (0..<draft.shape.expertsPerLayer).map({ ExpertID($0) }) {
      for device in devices where placement.replica(of: expert, on: device) == nil {
        for precision in precisions {
          let copy = Replica(expert: expert, device: device, precision: precision)
          singles.append(LayerChange(layer: layer, added: [copy]))
          for old in placement.replicas(of: expert) {
            singles.append(LayerChange(layer: layer, removed: [old], added: [copy]))
          }
        }
      }
    }
    return singles
  }

  /// Changes of different replicas at once; an expert keeps a replica.
  private func joined(_ some: [LayerChange], _ others: [LayerChange], _ placement: LayerPlacement) -> [LayerChange] {
    var seen: Set<Set<Replica>> = []
    return some.flatMap { one in
      others.compactMap { second in
        guard !one.removed.contains(where: { second.removed.contains($0) }),
          !one.added.contains(where: { added in
            second.added.contains { $0.expert == added.expert && $0.device == added.device }
          })
        else { return nil }
        let both = LayerChange(
          layer: one.layer, removed: one.removed + second.removed, added: one.added + second.added)
        let after = Set(placement.applying(both).replicas)
        guard placement.keepsExperts(both), seen.insert(after).inserted else { return nil }
        return both
      }
    }
  }
}
