public import BallastRuntime

/// Says which tokens need an exact replica: those whose router is least sure, or surest, as many as a budget allows.
///
/// It follows a gate that chooses: experts stay as chosen, only the least precision of tokens changes. Other tokens
/// keep theirs, by default any, and so may use the cheap replicas. A gate is a lane's own.
public struct ConfidenceGate: Sendable {
  // Algorithm (Mowst, arXiv 2311.05185): the weak model answers where it is confident, the strong one elsewhere. Here
  // the weak model is an expert's cheap replica, the strong one its exact replica, and the router's own distribution
  // says how sure the choice is.

  /// Experts in a layer: the length of a row of logits.
  public let expertsPerLayer: Int
  /// The least precision an escalated token accepts.
  public var exactPrecision: Precision
  /// How sure a router is.
  public var confidence: Confidence
  /// Which tokens need an exact replica first.
  public var order = GateConfiguration.EscalationOrder.unsureFirst
  /// How many tokens may need an exact replica.
  public var budget: EscalationBudget
  private var softmax: RouterSoftmax

  /// A gate over `expertsPerLayer` experts.
  ///
  /// - Parameters:
  ///   - expertsPerLayer: Experts in a layer, 1…65 535.
  ///   - confidence: How sure a router is.
  ///   - budget: How many tokens are escalated.
  ///   - exactPrecision: What those need at least.
  /// - Throws: `GatingError.expertsPerLayer`.
  public init(
    expertsPerLayer: Int, confidence: Confidence, budget: EscalationBudget, exactPrecision: Precision
  ) throws(GatingError) {
    guard (1...65_535).contains(expertsPerLayer) else {
      throw .expertsPerLayer(expertsPerLayer, allowed: 1...65_535)
    }
    self.expertsPerLayer = expertsPerLayer
    self.confidence = confidence
    self.budget = budget
    self.exactPrecision = exactPrecision
    softmax = RouterSoftmax(experts: expertsPerLayer)
  }

  /// Decides for tokens whose experts are chosen.
  ///
  /// - Parameters:
  ///   - logits: `[token][expert]`, row-major: the rows the choice was made by.
  ///   - tokens: Those tokens of the selection.
  ///   - selection: Escalated tokens get `exactPrecision`.
  /// - Returns: How many were escalated.
  /// - Throws: `GatingError.unevenRows`, `.logitNotFinite`, `.expertCount`, `.tokenCount`; nothing has changed then.
  /// - Complexity: O(logits); allocates nothing.
  @discardableResult
  public mutating func escalate(
    _ logits: Span<Float>, tokens: Range<Int>, of selection: inout Selection
  ) throws(GatingError) -> Int {
    try GatingError.check(logits, expertsPerLayer: expertsPerLayer, selection: selection)
    let rows = logits.count / expertsPerLayer
    guard rows == tokens.count, tokens.lowerBound >= 0, tokens.upperBound <= selection.tokenCount else {
      throw .tokenCount(tokens: tokens.count, rows: rows)
    }
    var escalated = 0
    for row in 0..<rows {
      let row = (place: row, logits: logits.extracting(row * expertsPerLayer..<(row + 1) * expertsPerLayer))
      softmax.read(row.logits)
      let sureness = confidence.of(softmax, row.logits)
      guard budget.escalates(order == .sureFirst ? 1 - sureness : sureness) else { continue }
      escalated += 1
      let token = tokens.lowerBound + row.place
      // A token that asked for more keeps it.
      if !selection.traits[token].leastPrecision.satisfies(exactPrecision) {
        selection.setLeastPrecision(exactPrecision, of: token)
      }
    }
    return escalated
  }
}
