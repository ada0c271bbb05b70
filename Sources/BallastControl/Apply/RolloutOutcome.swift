public import BallastRuntime

/// What became of a plan.
public enum RolloutOutcome: Hashable, Sendable {
  /// Everything was staged, and the table that names it is published.
  case published(replicas: Int, bytes: Int)
  /// Something failed; what had been staged was retired and the old table stays.
  case abandoned(RolloutError, stagedBefore: Int)
}

/// Why a plan was abandoned.
public enum RolloutError: Error, Hashable, CustomStringConvertible {
  /// A replica could not be put in place.
  case staging(StagingError)
  /// The target placement could not be compiled.
  case compiling(RoutingTableError)

  /// The fact beneath.
  public var description: String {
    switch self {
    case .staging(let error): error.description
    case .compiling(let error): error.description
    }
  }
}
