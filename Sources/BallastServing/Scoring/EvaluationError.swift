/// Why a model cannot be scored on some texts.
public enum EvaluationError: Error, Hashable, CustomStringConvertible {
  /// A text has not one whole sequence.
  case textTooShort(domain: String, bytes: Int, sequenceBytes: Int)
  /// The model's context is shorter than a sequence.
  case contextTooShort(contextTokens: Int, sequenceBytes: Int)
  /// What may be fitted shares its bytes with what is scored, and the latter is too short to be halved.
  case nothingToCalibrate(sequences: Int, neededSequences: Int)

  /// The fact, with both numbers.
  public var description: String {
    switch self {
    case .textTooShort(let domain, let bytes, let sequence):
      "the text of \(domain) has \(bytes) bytes; one sequence takes \(sequence)"
    case .contextTooShort(let context, let sequence):
      "the model's context is \(context) tokens; a sequence has \(sequence)"
    case .nothingToCalibrate(let sequences, let needed):
      "calibration needs \(needed) sequences that are not scored, and there are \(sequences); give other texts with --calibration"
    }
  }
}
