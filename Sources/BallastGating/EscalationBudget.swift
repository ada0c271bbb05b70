/// Decides online which tokens are escalated, the least sure ones, so that a stated share of all is.
///
/// Of the first T tokens the share escalated is within `errorBound(T)` of the budget, whatever their confidences: it
/// holds while they drift, and when they are chosen to defeat it.
public struct EscalationBudget: Sendable {
  // Algorithm: a token is escalated when its rank among recent confidences is below a threshold. Escalating lowers the
  // threshold by step · (1 − share), sparing raises it by step · share. So the threshold ends where it began plus
  // step · (share · T − escalated). It stays in [−step, 1 + step], because ranks are in 0…1: that bounds the error by
  // (1 + 2 · step) / (step · T) (as in adaptive conformal inference, arXiv 2106.00170). Ranks make the step mean the
  // same at every scale of confidence; the bound does not need them.

  /// How far one token moves the threshold.
  public static let step = 0.01

  /// The share of tokens to escalate; a new one counts from the next token on.
  public private(set) var share: Double
  /// Tokens decided since the share was set.
  public private(set) var tokens = 0
  /// Those of them that were escalated.
  public private(set) var escalated = 0
  private var threshold: Double
  private var ranks = RunningRanks()

  /// A budget; 0 escalates none, 1 all.
  ///
  /// - Throws: `GatingError.share` outside 0…1.
  public init(share: Double) throws(GatingError) {
    self.share = 0
    threshold = 0
    try set(share: share)
    threshold = share
  }

  /// Another share from the next token on; what was learned of confidences stays.
  ///
  /// - Throws: `GatingError.share` outside 0…1; the budget is as it was.
  public mutating func set(share: Double) throws(GatingError) {
    guard share >= 0, share <= 1 else { throw .share(name: "the escalated share", value: share) }
    guard share != self.share else { return }
    threshold += share - self.share
    threshold = min(1 + Self.step, max(-Self.step, threshold))
    self.share = share
    tokens = 0
    escalated = 0
  }

  /// The most that the share escalated of `tokens` tokens can differ from the budget.
  public static func errorBound(_ tokens: Int) -> Double {
    tokens > 0 ? min(1, (1 + 2 * step) / (step * Double(tokens))) : 1
  }

  /// Whether the next token, of this confidence, is escalated; one that is not a number counts as unsure.
  ///
  /// - Complexity: O(1) on average; allocates nothing.
  public mutating func escalates(_ confidence: Double) -> Bool {
    let rank = ranks.rank(confidence.isNaN ? 0 : confidence)
    let isUnsure = share >= 1 || (share > 0 && rank < threshold)
    tokens += 1
    if isUnsure { escalated += 1 }
    guard share > 0, share < 1 else { return isUnsure }
    threshold += Self.step * (isUnsure ? share - 1 : share)
    return isUnsure
  }
}
