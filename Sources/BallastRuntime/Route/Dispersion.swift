/// A way to say how sure a router is of its choice, from 0 (all experts alike) to 1 (one expert, no doubt).
public enum Dispersion: CaseIterable, Sendable {
  /// The variance of its probabilities over that of one certain expert.
  case variance
  /// What the entropy of its probabilities leaves of the largest there can be.
  case entropy
  /// A number drawn from the logits' bits: what any better way is compared with.
  case random
}
