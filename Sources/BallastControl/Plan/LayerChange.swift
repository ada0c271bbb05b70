public import BallastRuntime

/// Replicas that go and replicas that come, in one layer.
public struct LayerChange: Hashable, Sendable {
  /// The layer.
  public var layer: LayerID
  /// Replicas of the placement as it is.
  public var removed: [Replica]
  /// Replicas it does not have.
  public var added: [Replica]

  /// States a change.
  public init(layer: LayerID, removed: [Replica] = [], added: [Replica] = []) {
    self.layer = layer
    self.removed = removed
    self.added = added
  }
}

extension LayerPlacement {
  /// This layer after `change`.
  public func applying(_ change: LayerChange) -> LayerPlacement {
    LayerPlacement(replicas.filter { !change.removed.contains($0) } + change.added)
  }

  /// Whether every expert keeps a replica: several drops together might leave one without.
  func keepsExperts(_ change: LayerChange) -> Bool {
    change.removed.allSatisfy { gone in
      change.added.contains { $0.expert == gone.expert }
        || replicas(of: gone.expert).contains { !change.removed.contains($0) }
    }
  }
}

extension LayerChange {
  /// What leads from one placement to another, by layer; layers that stay are left out.
  static func between(_ current: Placement, _ target: Placement) -> [LayerChange] {
    zip(current.layers, target.layers).enumerated().compactMap { index, pair in
      let before = Set(pair.0.replicas)
      let after = Set(pair.1.replicas)
      guard before != after else { return nil }
      return LayerChange(
        layer: LayerID(index), removed: pair.0.replicas.filter { !after.contains($0) },
        added: pair.1.replicas.filter { !before.contains($0) })
    }
  }
}
