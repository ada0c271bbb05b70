import BallastRuntime

extension PlacementDraft {
  /// Nanoseconds of a batch on the links between a layer so placed and the layers around it.
  mutating func linkNanoseconds(_ layer: LayerPlacement, at index: LayerID) -> Double {
    guard let affinity = estimate.affinity, !limits.linkPrice.isFree else { return 0 }
    let table =
      linkTables[index] ?? LinkTable(index, placement.layers, affinity, limits.linkPrice, topology)
    linkTables[index] = table
    return table.cost(layer)
  }

  /// Takes a rearrangement of all layers whole, when it keeps the limits and gains more than its price; otherwise
  /// nothing changes.
  mutating func rearrange(to next: Placement) {
    var trial = self
    var price = 0.0
    for change in LayerChange.between(placement, next) where !limits.pinned.bars(change) {
      price += self.price(change)
      guard trial.replace(change), trial.qualitySpent(change.layer) <= qualityAllowed(change.layer) else { return }
    }
    let before = totalNanoseconds()
    let gain = before - trial.totalNanoseconds() - price
    if gain > before * 1e-9 { self = trial }
  }

  private func qualityAllowed(_ layer: LayerID) -> Double { max(limits.qualityBudget, qualitySpent(layer)) }

  /// What all layers and links take together.
  mutating func totalNanoseconds() -> Double {
    var total = placement.layers.indices.reduce(0.0) { $0 + score(LayerID($1)) }
    if let affinity = estimate.affinity, !limits.linkPrice.isFree {
      for (index, layer) in placement.layers.enumerated() {
        let table = LinkTable(
          LayerID(index), placement.layers, affinity, limits.linkPrice, topology, sides: .before)
        total += table.cost(layer)
      }
    }
    return total
  }
}
