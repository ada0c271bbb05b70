public import BallastRuntime

/// The tokens of one step: consecutive tokens of several sequences, prefill and decode mixed.
///
/// A batch is filled, used and emptied again; `removeAll` keeps its memory.
public struct TokenBatch: Sendable {
  /// Consecutive tokens of one sequence.
  struct Part: Sendable {
    let slot: Int
    let rows: Range<Int>
    let traits: TokenTraits
  }

  /// The token of each row, `[row]`.
  private(set) var tokens: [Int] = []
  private(set) var parts: [Part] = []
  /// Rows whose logits the step computes, in order.
  private(set) var scoredRows: [Int] = []

  /// A batch without tokens.
  public init() {}

  /// Tokens in the batch.
  public var tokenCount: Int { tokens.count }

  /// Rows of logits a step over this batch gives.
  public var logitRowCount: Int { scoredRows.count }

  /// Appends the next tokens of the sequence in `slot`.
  ///
  /// - Parameters:
  ///   - tokens: What follows the tokens the slot has already seen.
  ///   - slot: The sequence; a slot occurs at most once in a batch.
  ///   - traits: What is true of these tokens.
  ///   - scored: The logits of this many of the last tokens are wanted; clamped to 0…`tokens.count`.
  /// - Complexity: O(tokens); allocates only beyond the largest batch seen.
  public mutating func append<Token: FixedWidthInteger>(
    _ tokens: Span<Token>, slot: Int, traits: TokenTraits, scored: Int
  ) {
    let first = self.tokens.count
    for index in tokens.indices { self.tokens.append(Int(clamping: tokens[index])) }
    let wanted = min(max(0, scored), tokens.count)
    for row in self.tokens.count - wanted..<self.tokens.count { scoredRows.append(row) }
    parts.append(Part(slot: slot, rows: first..<self.tokens.count, traits: traits))
  }

  /// Empties the batch and keeps its memory.
  public mutating func removeAll() {
    tokens.removeAll(keepingCapacity: true)
    parts.removeAll(keepingCapacity: true)
    scoredRows.removeAll(keepingCapacity: true)
  }
}
