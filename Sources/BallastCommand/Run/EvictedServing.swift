import ArgumentParser
import BallastRuntime

/// Who serves tokens of experts that are not resident.
enum EvictedServing: String, CaseIterable, ExpressibleByArgument {
  /// The stored expert itself.
  case stored
  /// The best resident expert of the token's ranking.
  case substitute

  /// The same as a policy.
  var policy: ResidencyPolicy { self == .stored ? .stored : .substitute }
}
