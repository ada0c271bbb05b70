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
    case .expertCount(let selection, let gate):
      "the selection is over \(selection) experts, the gate over \(gate)"
    case .refused(let error): error.description
    }
  }
}
