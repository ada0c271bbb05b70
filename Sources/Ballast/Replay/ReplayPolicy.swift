/// Who places the replicas in a replay.
public enum ReplayPolicy: String, CaseIterable, Sendable {
  /// One copy of each expert, contiguous, for ever.
  case `static`
  /// Replicate and pack from scratch after every window.
  case greedy
  /// Ballast's control loop.
  case ballast
}
