/// A stretch of one recorded trace: its loads, and those of the batches inside it.
public struct TraceWindow: Hashable, Sendable {
  /// The rows of the trace the window spans: tokens of selections, recorded windows of loads.
  public let rows: Range<Int>
  /// Tokens routed to each expert, `[layer][expert]`.
  public let loads: [[Int]]
  /// The same for each batch in order, `[batch][layer][expert]`; the last may be shorter, empty when none were asked for.
  public let batches: [[[Int]]]
}
