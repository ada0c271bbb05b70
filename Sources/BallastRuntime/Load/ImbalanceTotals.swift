/// Sums of the three imbalances over sampled batches; divide by `batches` for means.
public struct ImbalanceTotals: Hashable, Sendable {
  /// Batches sampled, each round of each layer of each step being one.
  public var batches = 0.0
  /// Σ experts · busiest expert / total: what the router asked for.
  public var expert = 0.0
  /// Σ experts · busiest replica / total, after copies; it may fall below 1 a batch.
  public var replica = 0.0
  /// Σ maximum over mean device cost.
  public var device = 0.0

  /// Nothing sampled yet.
  public init() {}

  /// Both sums together.
  public static func + (one: ImbalanceTotals, other: ImbalanceTotals) -> ImbalanceTotals {
    var sum = one
    sum.batches += other.batches
    sum.expert += other.expert
    sum.replica += other.replica
    sum.device += other.device
    return sum
  }

  /// What was sampled between `earlier` and now.
  public func since(_ earlier: ImbalanceTotals) -> ImbalanceTotals {
    var difference = self
    difference.batches -= earlier.batches
    difference.expert -= earlier.expert
    difference.replica -= earlier.replica
    difference.device -= earlier.device
    return difference
  }
}
