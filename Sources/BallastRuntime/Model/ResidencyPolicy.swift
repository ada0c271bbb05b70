/// Whether experts may leave device memory, and who serves the tokens that choose one that has left.
public enum ResidencyPolicy: CaseIterable, Sendable {
  /// Every expert stays resident.
  case all
  /// Experts may be stored; their tokens are computed from there, later and exactly.
  case stored
  /// Experts may be stored; their tokens go to the best resident expert of their ranking instead, sooner and lossily.
  case substitute

  /// Whether experts may be stored.
  public var mayEvict: Bool { self != .all }
}
