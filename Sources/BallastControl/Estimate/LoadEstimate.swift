import BallastRuntime

/// What the recent past lets one expect of the next batches.
public struct LoadEstimate: Sendable {
  /// `[layer][expert]`: tokens a batch routes to the expert, on average.
  public var tokensPerBatch: [[Double]]
  /// Loads that may come: recent windows, the newest last, scaled to the average batch.
  public var scenarios: [LoadScenario]
  /// `[layer][expert]`: the expert's share of its layer's importance; each layer sums to 1.
  public var importance: [[Double]]
  /// `[layer][expert]`: the expert's share of what the layer's traffic of late is good for; each layer sums to 1.
  public var need: [[Double]]
  /// `[layer]`: whether the load differs from the one the layer was planned for by more than sampling explains.
  public var shifted: [Bool]
  /// Batches a tick serves, per layer, on average; what a gain per batch is multiplied by.
  public var batchesPerTick: Double
  /// Relative output errors, measured where they have been.
  public var errors: ErrorEstimate
  /// Where tokens go from layer to layer; nil while unknown.
  public var affinity: AffinityEstimate?

  /// States an estimate; left out, the average is the only scenario, importance even, need by tokens, errors typical.
  public init(
    tokensPerBatch: [[Double]], scenarios: [LoadScenario] = [], importance: [[Double]]? = nil,
    need: [[Double]]? = nil, batchesPerTick: Double = 1, shifted: [Bool]? = nil,
    errors: ErrorEstimate = ErrorEstimate()
  ) {
    self.tokensPerBatch = tokensPerBatch
    self.scenarios = scenarios.isEmpty ? [LoadScenario(tokensPerBatch: tokensPerBatch, weight: 1)] : scenarios
    self.importance =
      importance ?? tokensPerBatch.map { Array(repeating: 1 / Double(max($0.count, 1)), count: $0.count) }
    self.need = need ?? tokensPerBatch.map { Self.shares($0) }
    self.batchesPerTick = batchesPerTick
    self.errors = errors
    self.shifted = shifted ?? tokensPerBatch.map { _ in true }
  }

  /// Whether the layer's load differs from the one it was planned for by more than sampling explains.
  func hasShifted(_ layer: LayerID) -> Bool { shifted[layer.index] }
}

/// One load that may come, and how likely it is beside the others.
public struct LoadScenario: Sendable {
  /// `[layer][expert]`: tokens a batch routes to the expert.
  public var tokensPerBatch: [[Double]]
  /// Its weight among the scenarios, above 0; weights need not sum to anything.
  public var weight: Double

  /// States a scenario.
  public init(tokensPerBatch: [[Double]], weight: Double) {
    self.tokensPerBatch = tokensPerBatch
    self.weight = weight
  }
}
