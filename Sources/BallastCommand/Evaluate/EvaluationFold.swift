import BallastServing

/// What is scored together, and what it may be calibrated on.
struct EvaluationFold {
  /// `[domain]`: the part of each text that is scored.
  let scored: [DomainText]
  /// What may be fitted.
  let calibration: [[UInt8]]

  /// Bytes of a sequence.
  static let sequenceBytes = 256
  /// Sequences worth calibrating on.
  static let leastSequences = 16

  /// One fold, if `calibration` has enough that is not scored; otherwise two, each half of every text calibrated on the
  /// other half.
  static func folds(
    scored: [DomainText], calibration: [DomainText]
  ) throws(EvaluationError) -> (folds: [EvaluationFold], note: String) {
    let others = CalibrationTexts(calibration, excluding: scored, sequenceBytes: sequenceBytes)
    if others.sequences.count >= leastSequences {
      let note =
        "\(others.sequences.count) sequences of the calibration texts (\(others.leftOut) share bytes with what is scored and were left out)"
      return ([EvaluationFold(scored: scored, calibration: others.sequences)], note)
    }
    let halves = [true, false].map { isFirst in scored.map { half($0, isFirst: isFirst) } }
    let fitted = halves.map { CalibrationTexts($0, excluding: [], sequenceBytes: sequenceBytes).sequences }
    let fewest = min(fitted[0].count, fitted[1].count)
    guard fewest >= 1, halves.allSatisfy({ $0.allSatisfy { $0.bytes.count >= sequenceBytes } }) else {
      throw .nothingToCalibrate(sequences: others.sequences.count, neededSequences: leastSequences)
    }
    let note =
      "what is scored is what calibration would use, so each half of every text is scored as calibrated on the other half"
    return (
      [
        EvaluationFold(scored: halves[0], calibration: fitted[1]),
        EvaluationFold(scored: halves[1], calibration: fitted[0]),
      ], note
    )
  }

  private static func half(_ text: DomainText, isFirst: Bool) -> DomainText {
    let sequences = text.bytes.count / sequenceBytes
    let middle = sequences / 2 * sequenceBytes
    let bytes = isFirst ? text.bytes[..<middle] : text.bytes[middle..<sequences * sequenceBytes]
    return DomainText(name: text.name, bytes: Array(bytes))
  }
}
