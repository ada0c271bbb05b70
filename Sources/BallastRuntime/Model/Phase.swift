/// Which half of serving a token belongs to; loads are kept apart because their costs differ.
public enum Phase: UInt8, CaseIterable, Sendable {
  /// The prompt: many tokens of one request at once, bound by arithmetic.
  case prefill
  /// Generation: one token a request, bound by memory.
  case decode
}
