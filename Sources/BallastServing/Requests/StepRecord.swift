public import BallastGating

/// One step of a serving worker: when it was, and how many tokens it computed.
public struct StepRecord: Hashable, Sendable {
  /// When the worker began to gather the batch.
  public let start: ContinuousClock.Instant
  /// When the batch was computed and scored.
  public let end: ContinuousClock.Instant
  /// How much of it went to the lane: counting, routing and computing experts.
  public let expertTime: Duration
  /// Tokens of prompts.
  public let prefillTokens: Int
  /// Tokens of continuations, one a sequence.
  public let decodeTokens: Int
  /// What the gate chose for them, all layers together.
  public let gating: GateTotals
  /// Choices of unsure tokens that no replica was exact enough for.
  public let unmetAssignments: Int

  /// How long it took.
  public var duration: Duration { end - start }
}
