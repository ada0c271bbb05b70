/// What sampled batches revealed about each expert since start.
public struct SampleTotals: Sendable {
  /// `[layer][expert]`: the sum of one-pass importance scores.
  public var importance: [[Double]]
  /// `[layer][expert]`: the sum of relative output errors measured on shadowed tokens.
  public var error: [[Double]]
  /// `[layer][expert]`: shadowed tokens.
  public var shadowed: [[Double]]
  /// `[round]`: how unevenly sampled batches fell on experts, replicas and devices.
  public var imbalanceByRound: [ImbalanceTotals]
  /// Batches whose recording and routing waited, and took longer than `SampleCounters.delayLimit`, while a plan was
  /// applied.
  public var delayedBatches = 0.0
  /// Choices of all batches that were served by a stored replica.
  public var storedAssignments = 0.0
  /// Choices of all batches that were served by another expert, since the chosen one was not resident.
  public var substitutedAssignments = 0.0

  /// How unevenly they fell, all rounds together.
  public var imbalance: ImbalanceTotals { imbalanceByRound.reduce(ImbalanceTotals(), +) }

  /// Nothing sampled yet.
  public init(layers: Int, expertsPerLayer: Int, roundsPerLayer: Int = 1) {
    importance = Array(repeating: Array(repeating: 0, count: expertsPerLayer), count: layers)
    error = importance
    shadowed = importance
    imbalanceByRound = Array(repeating: ImbalanceTotals(), count: roundsPerLayer)
  }
}
