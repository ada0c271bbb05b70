public import BallastGating
public import BallastRuntime

/// Why a decoder cannot be made, or a step not be computed.
public enum DecoderError: Error, Hashable, CustomStringConvertible {
  /// A size is not in its range.
  case outOfRange(name: String, value: Int, allowed: ClosedRange<Int>)
  /// The sequences in flight would take more memory than a cache may.
  case cacheTooLarge(slots: Int, contextTokens: Int, limitBytes: Int)
  /// A token is not in the vocabulary.
  case tokenOutOfRange(token: Int, vocabulary: Int)
  /// A batch names a slot twice.
  case slotRepeated(slot: Int)
  /// A sequence would become longer than its slot.
  case contextExceeded(slot: Int, tokens: Int, limit: Int)
  /// The router's logits cannot become a selection.
  case gating(GatingError)
  /// The experts were not computed.
  case execution(ExecutionError)

  /// The fact, with the values and limits.
  public var description: String {
    switch self {
    case .outOfRange(let name, let value, let allowed):
      "\(name) is \(value); allowed is \(allowed.lowerBound) to \(allowed.upperBound)"
    case .cacheTooLarge(let slots, let context, let limit):
      "\(slots) sequences of \(context) tokens need more than \(limit) bytes of keys and values; lower either"
    case .tokenOutOfRange(let token, let vocabulary): "token \(token) is not below the vocabulary of \(vocabulary)"
    case .slotRepeated(let slot): "slot \(slot) occurs twice in one batch; append its tokens together"
    case .contextExceeded(let slot, let tokens, let limit):
      "the sequence in slot \(slot) would have \(tokens) tokens; the limit is \(limit)"
    case .gating(let error): error.description
    case .execution(let error): error.description
    }
  }
}
