public import BallastRuntime

/// Why router logits cannot become a selection.
public enum GatingError: Error, Hashable, CustomStringConvertible {
  /// A layer has no experts, or more than a selection can name.
  case expertsPerLayer(Int, allowed: ClosedRange<Int>)
  /// The gate chooses no expert, or more than there are.
  case expertsPerToken(Int, allowed: ClosedRange<Int>)
  /// The logits do not form rows of one value an expert.
  case unevenRows(logits: Int, expertsPerLayer: Int)
  /// A router logit is NaN or infinite.
  case logitNotFinite(token: Int, expert: Int)
  /// A mass of probability is not above 0 and at most 1.
  case mass(Double)
  /// The fewest experts of a token exceed the most, or those the layer's.
  case limits(atLeast: Int, atMost: Int, expertsPerLayer: Int)
  /// A share of tokens is not in 0…1.
  case share(name: String, value: Double)
  /// A number is not in its range.
  case outOfRange(name: String, value: Double, allowed: ClosedRange<Double>)
  /// The selection has other tokens than the logits.
  case tokenCount(tokens: Int, rows: Int)
  /// The selection is over another number of experts than the gate.
  case expertCount(selection: Int, gate: Int)
  /// The selection refused the choices.
  case refused(SelectionError)

  /// The fact, with the values and limits.
  public var description: String {
    switch self {
    case .expertsPerLayer(let count, let allowed):
      "\(count) experts in a layer; allowed is \(allowed.lowerBound) to \(allowed.upperBound)"
    case .expertsPerToken(let count, let allowed):
      "\(count) experts for a token; allowed is \(allowed.lowerBound) to \(allowed.upperBound)"
    case .unevenRows(let logits, let experts):
      "\(logits) router logits do not form rows of \(experts) experts"
    case .logitNotFinite(let token, let expert):
      "the router logit of token \(token) for expert \(expert) is not a finite number"
    case .mass(let mass): "the mass is \(mass); give a number above 0 and at most 1, which keeps all experts"
    case .limits(let atLeast, let atMost, let experts):
      "a token is to have \(atLeast) to \(atMost) of \(experts) experts; allowed is 1 ≤ atLeast ≤ atMost ≤ \(experts)"
    case .share(let name, let value): "\(name) is \(value); give a share from 0 to 1"
    case .outOfRange(let name, let value, let allowed):
      "\(name) is \(value); allowed is \(allowed.lowerBound) to \(allowed.upperBound)"
    case .tokenCount(let tokens, let rows):
      "\(tokens) tokens of the selection for \(rows) rows of router logits; give the range that the rows were chosen for"
    case .expertCount(let selection, let gate):
      "the selection is over \(selection) experts, the gate over \(gate)"
    case .refused(let error): error.description
    }
  }
}

extension GatingError {
  /// Checks that logits are whole rows of finite numbers, and the selection of the same layer.
  ///
  /// - Throws: `unevenRows`, `expertCount`, `logitNotFinite`.
  static func check(
    _ logits: Span<Float>, expertsPerLayer: Int, selection: borrowing Selection
  ) throws(GatingError) {
    guard logits.count % expertsPerLayer == 0 else {
      throw .unevenRows(logits: logits.count, expertsPerLayer: expertsPerLayer)
    }
    guard selection.expertsPerLayer == expertsPerLayer else {
      throw .expertCount(selection: selection.expertsPerLayer, gate: expertsPerLayer)
    }
    try checkFinite(logits, expertsPerLayer: expertsPerLayer)
  }

  /// - Throws: `logitNotFinite` naming the first.
  static func checkFinite(_ logits: Span<Float>, expertsPerLayer: Int) throws(GatingError) {
    // NaN and infinities have the largest magnitudes as bit patterns; one pass without branches finds them.
    var largest: UInt32 = 0
    for index in logits.indices { largest = max(largest, logits[index].bitPattern & 0x7FFF_FFFF) }
    guard largest >= Float.infinity.bitPattern else { return }
    for index in logits.indices where !logits[index].isFinite {
      throw .logitNotFinite(token: index / expertsPerLayer, expert: index % expertsPerLayer)
    }
  }
}
