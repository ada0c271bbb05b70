/// What is true of one token, whichever experts it chose.
public struct TokenTraits: Hashable, Sendable {
  /// Which half of serving the token belongs to.
  public var phase: Phase
  /// Whether the token counts as load; padding and warm-up do not.
  public var isCounted: Bool
  /// The least exact precision this token accepts.
  public var leastPrecision: Precision

  /// Describes a token; by default it is real and accepts any precision.
  public init(phase: Phase, isCounted: Bool = true, leastPrecision: Precision = .int4) {
    self.phase = phase
    self.isCounted = isCounted
    self.leastPrecision = leastPrecision
  }
}
