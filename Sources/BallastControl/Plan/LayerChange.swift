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
}
