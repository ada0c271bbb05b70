import BallastRuntime

/// What the recent past lets one expect of the next batches.
public struct LoadEstimate: Sendable {
  /// `[layer][expert]`: tokens a batch routes to the expert, on average.
  public var tokensPerBatch: [[Double]]
  /// `[layer][expert]`: the expert's share of its layer's importance; each layer sums to 1.
  public var importance: [[Double]]
  /// Batches a tick serves, per layer, on average; what a gain per batch is multiplied by.
  public var batchesPerTick: Double
  /// Relative output errors, measured where they have been.
  public var errors: ErrorEstimate

  /// States an estimate; `importance` is even when left out, and errors are typical ones.
  public init(
    tokensPerBatch: [[Double]], importance: [[Double]]? = nil, batchesPerTick: Double = 1,
    errors: ErrorEstimate = ErrorEstimate()
  ) {
    self.tokensPerBatch = tokensPerBatch
    self.importance = importance ?? tokensPerBatch.map { Array(repeating: 1 / Double(max($0.count, 1)), count: $0.count) }
    self.batchesPerTick = batchesPerTick
    self.errors = errors
  }
}
