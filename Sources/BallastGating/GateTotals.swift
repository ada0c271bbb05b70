/// What a gate has done: how many experts tokens got, and how many tokens needed exact ones.
public struct GateTotals: Hashable, Sendable {
  /// Tokens, each counted once a layer.
  public var tokens: Int
  /// Experts chosen for them.
  public var assignments: Int
  /// Tokens that needed an exact replica, each counted once a layer.
  public var escalated: Int

  /// Nothing done yet, unless told otherwise.
  public init(tokens: Int = 0, assignments: Int = 0, escalated: Int = 0) {
    self.tokens = tokens
    self.assignments = assignments
    self.escalated = escalated
  }

  /// Mean experts of a token; nil before the first.
  public var meanExperts: Double? { tokens > 0 ? Double(assignments) / Double(tokens) : nil }

  /// Share of tokens escalated; nil before the first.
  public var escalatedShare: Double? { tokens > 0 ? Double(escalated) / Double(tokens) : nil }

  /// Adds what another gate, or the same one later, has done.
  public mutating func add(_ other: GateTotals) {
    tokens += other.tokens
    assignments += other.assignments
    escalated += other.escalated
  }

  /// What was done between `earlier` and now.
  public func since(_ earlier: GateTotals) -> GateTotals {
    GateTotals(
      tokens: tokens - earlier.tokens, assignments: assignments - earlier.assignments,
      escalated: escalated - earlier.escalated)
  }
}
