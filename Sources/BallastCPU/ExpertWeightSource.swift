public import BallastRuntime

/// Where an executor reads the weights it stages, usually a memory-mapped checkpoint.
///
/// Read while staging, on the executor's background thread, and for shadow comparisons, on serving threads: reading
/// must be safe from several threads at once.
public protocol ExpertWeightSource: Sendable {
  /// How all its weights are stored: float32 or bfloat16.
  var precision: Precision { get }

  /// Lends one matrix of one expert.
  ///
  /// - Parameters:
  ///   - matrix: Which of the three.
  ///   - layer: The MoE layer.
  ///   - expert: The expert of that layer.
  ///   - body: Reads the matrix: row-major `[output][reduction]`, little-endian, without gaps, on any boundary.
  /// - Returns: What `body` returned.
  /// - Throws: `StagingError.badWeights` when it cannot be read.
  func withMatrix<Outcome>(
    _ matrix: ExpertMatrix, layer: LayerID, expert: ExpertID, _ body: (RawSpan) -> Outcome
  ) throws(StagingError) -> Outcome
}

/// The three matrices of a SwiGLU expert.
public enum ExpertMatrix: String, CaseIterable, Sendable {
  /// `w1`, `[inner][hidden]`.
  case gate
  /// `w3`, `[inner][hidden]`.
  case up
  /// `w2`, `[hidden][inner]`.
  case down
}
