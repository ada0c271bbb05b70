/// One promise every executor makes.
public enum ConformanceCheck: String, CaseIterable, Sendable, CustomStringConvertible {
  /// Staging counts bytes exactly, remembers the peak, refuses what does not fit and leaves nothing behind.
  case countsBytes
  /// A precision, device, layer or expert it does not have is refused, and nothing is left.
  case refusesImpossibleReplicas
  /// A handle that was never given or was retired is an error, not a crash.
  case refusesUnknownHandles
  /// Buffers of another length, and layers the model does not have, are errors.
  case refusesWrongBuffers
  /// A batch without tokens is served.
  case servesEmptyBatches
  /// Tokens of one batch may have different numbers of experts, down to none; each is answered as if it were alone.
  case servesRaggedBatches
  /// Threads execute while other replicas come and go.
  case servesWhileStaging
  /// A cancelled staging leaves nothing behind.
  case cancelsStaging
  /// The measured cost law is finite and positive.
  case calibrates
  /// At full precision, outputs do not depend on where replicas are or how many (only of executors that compute).
  case answersAlikeWhereverPlaced
  /// Stored replicas take no bytes and answer as resident ones do; an executor without them says so and refuses them.
  case servesStoredReplicas
  /// A sampled batch has a norm for each entry (only of executors that compute).
  case fillsNorms

  /// The promise's name.
  public var description: String { rawValue }
}

/// A promise that was not kept.
public struct ConformanceFailure: Error, CustomStringConvertible {
  /// What was expected and what came.
  public let description: String
}

/// Fails with `claim` unless `condition` holds.
func require(_ condition: Bool, _ claim: @autoclosure () -> String) throws {
  if !condition { throw ConformanceFailure(description: claim()) }
}
