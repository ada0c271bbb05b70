/// What an executor hands back on a sampled batch.
public struct ExecutionSample: Sendable {
  /// One low-precision output compared with the same output at full precision.
  public struct Shadow: Hashable, Sendable {
    /// The expert that was shadowed.
    public let expert: ExpertID
    /// ‖output − full-precision output‖ / ‖full-precision output‖.
    public let relativeError: Double

    /// States one comparison.
    public init(expert: ExpertID, relativeError: Double) {
      self.expert = expert
      self.relativeError = relativeError
    }
  }

  /// ‖expert output‖₂ before the gate weight, `[dispatch entry]`.
  public var norms: [Float] = []
  /// Comparisons made on this batch; may be empty.
  public var shadows: [Shadow] = []

  /// An empty sample.
  public init() {}
}
