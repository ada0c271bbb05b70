import BallastRuntime

/// Places experts that the same tokens choose, in neighbouring layers or in rounds of one, on the same device, as far as
/// balance allows.
///
/// First a rearrangement of the whole placement is weighed, taken whole or not at all; then, layer by layer, pairs of
/// replicas that would spare the most link time. Time and link time count together, and a change must pay its price.
public struct KeepTokensNear: PlanningPass {
  private let rounds: Int

  /// A pass that takes at most `rounds` steps in each layer.
  public init(rounds: Int) { self.rounds = rounds }

  /// Moves experts toward the tokens they share; does nothing where affinity is unknown or links are free.
  public func improve(_ draft: inout PlacementDraft) {
    guard
      let search = AffinitySearch(
        shape: draft.shape, topology: draft.topology, cost: draft.cost, estimate: draft.estimate,
        price: draft.limits.linkPrice)
    else { return }
    draft.rearrange(to: search.improved(draft.placement))
    for layer in draft.placement.layers.indices.map({ LayerID($0) }) {
      for _ in 0..<rounds where !draft.improve(layer, proposals(layer, draft, search)) { break }
    }
  }

  /// The exchanges of `layer` that spare the most link time.
  private func proposals(_ layer: LayerID, _ draft: PlacementDraft, _ search: AffinitySearch) -> [Proposal] {
    let placement = draft.placement
    let table = LinkTable(layer, placement.layers, search.affinity, search.price, search.topology)
    let replicas = placement[layer].replicas
    let shares = LinkTable.shares(placement[layer], search.affinity.expertsPerLayer)
    let part = replicas.map { 1 / Double(max(shares[$0.expert.index].count, 1)) }
    func isOpen(_ replica: Replica, _ device: DeviceID) -> Bool {
      !shares[replica.expert.index].contains { $0.device == device }
    }
    var gains: [(gain: Double, change: LayerChange)] = []
    for near in replicas.indices {
      let first = replicas[near]
      for far in (near + 1)..<replicas.count where replicas[far].device != first.device {
        let second = replicas[far]
        let gain =
          table.cost(first.expert, on: first.device, share: part[near])
          - table.cost(first.expert, on: second.device, share: part[near])
          + table.cost(second.expert, on: second.device, share: part[far])
          - table.cost(second.expert, on: first.device, share: part[far])
          + table.correction((first.expert, part[near]), (second.expert, part[far]), first.device, second.device)
        guard gain > 0, isOpen(first, second.device), isOpen(second, first.device) else { continue }
        let added = [first.on(second.device), second.on(first.device)]
        gains.append((gain, LayerChange(layer: layer, removed: [first, second], added: added)))
      }
    }
    let order = gains.indices.sorted { (gains[$1].gain, $0) < (gains[$0].gain, $1) }
    let newest = max(0, draft.estimate.scenarios.count - 1)
    return order.prefix(16).map { Proposal(change: gains[$0].change, scenario: newest) }
  }
}
