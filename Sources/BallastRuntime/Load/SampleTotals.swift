/// What sampled batches revealed about each expert since start.
public struct SampleTotals: Sendable {
  /// `[layer][expert]`: the sum of one-pass importance scores.
  public var importance: [[Double]]
  /// `[layer][expert]`: the sum of relative output errors measured on shadowed tokens.
  public var error: [[Double]]
  /// `[layer][expert]`: shadowed tokens.
  public var shadowed: [[Double]]

  /// Nothing sampled yet.
  public init(layers: Int, expertsPerLayer: Int) {
    importance = Array(repeating: Array(repeating: 0, count: expertsPerLayer), count: layers)
    error = importance
    shadowed = importance
  }
}
