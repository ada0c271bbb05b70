import BallastCPU
import BallastControl
import BallastGating
import BallastOperations
import BallastRuntime
import BallastServing

/// Calibrates where that is needed, stores the experts, scores the texts.
struct Evaluation {
  /// How the experts are stored.
  enum Storage {
    case uniform(Precision)
    /// The mix that fits into this share of the bytes at bfloat16.
    case share(Double)
  }

  /// What was found, and what to say of it.
  struct Outcome {
    let result: EvaluationResult
    let text: String
  }

  let model: EvaluatedModel
  let storage: Storage
  let choice: CalibrationChoice
  let gate: GateConfiguration

  /// Precisions a mix may use, from the most exact.
  static let mixed: [Precision] = [.bfloat16, .int8, .int4]

  /// Scores `texts`; `calibrationTexts` is asked for only when something is to be fitted or measured.
  func run(
    _ texts: [DomainText], calibrationTexts: () throws(InputError) -> [DomainText]
  ) async throws(InputError) -> Outcome {
    try checkShare()
    var folds = [EvaluationFold(scored: texts, calibration: [])]
    var note = "calibration  none is needed"
    if needsCalibration {
      let fitted = try calibrationTexts()
      let split = try input { () throws(EvaluationError) in
        try EvaluationFold.folds(scored: texts, calibration: fitted)
      }
      folds = split.folds
      note = "calibration  \(split.note)"
    }
    var scores: [String: PredictionScore] = [:]
    var bytes = 0
    var gating = GateTotals()
    for fold in folds {
      let calibration = try await calibrate(fold)
      let precisions = try await precisions(calibration)
      bytes = max(bytes, model.bytes(precisions))
      let progress = Progress(total: fold.sequences, noun: "sequences scored")
      let outcome = try await model.score(
        fold.scored.map(\.bytes), precisions: precisions, calibration: calibration?.reservoir, gate: gate
      ) { progress.advance(to: $0) }
      progress.finish()
      gating.add(outcome.gating)
      for (text, score) in zip(fold.scored, outcome.scores) { scores[text.name, default: PredictionScore()].add(score) }
      note += "\nexperts      \(Self.counts(precisions))"
    }
    let result = EvaluationResult(scores, bytes: bytes, gating: gating)
    let share = Double(bytes) / Double(max(1, bfloat16Bytes))
    let table = result.table(title: "").text
    let size = "\(bytes) bytes of experts, \(fixed(share * 100, 2)) % of what they take at bfloat16"
    return Outcome(result: result, text: "\(note)\n\n\(table)\n\(size)\n\(described(gating))")
  }

  private func described(_ gating: GateTotals) -> String {
    let escalated =
      gate.kind == .confidence
      ? "; \(fixed((gating.escalatedShare ?? 0) * 100, 2)) % of tokens and layers escalated to \(model.shape.fullPrecision)"
      : ""
    return "\(fixed(gating.meanExperts ?? 0, 3)) experts a token; gate: \(gate.summary)\(escalated)"
  }

  private var bfloat16Bytes: Int { model.shape.experts * model.shape.bytesPerExpert[.bfloat16] }

  private var needsCalibration: Bool {
    switch storage {
    case .share: true
    case .uniform(let precision): model.quantizer == .weighted && !precision.satisfies(model.shape.fullPrecision)
    }
  }

  /// Refuses a share too small before the long work.
  private func checkShare() throws(InputError) {
    guard case .share(let share) = storage else { return }
    _ = try mix(share, importance: model.uniform(.int4).map { $0.map { _ in 1 } }, errors: ErrorEstimate())
  }

  private func calibrate(_ fold: EvaluationFold) async throws(InputError) -> Calibration? {
    guard needsCalibration else { return nil }
    let progress = Progress(total: fold.calibration.count, noun: "sequences calibrated on")
    let sequences = try await choice.chosen(fold.calibration, by: model)
    let calibration = try await Calibration(model, sequences, choice.balance) { progress.advance(to: $0) }
    progress.finish()
    return calibration
  }

  private func precisions(_ calibration: Calibration?) async throws(InputError) -> [[Precision]] {
    switch storage {
    case .uniform(let precision): return model.uniform(precision)
    case .share(let share):
      guard let calibration else { return model.uniform(model.shape.fullPrecision) }
      let progress = Progress(total: model.shape.experts, noun: "experts measured")
      let errors = try await model.errors(Self.mixed, calibration.reservoir) { progress.advance(to: $0) }
      progress.finish()
      return try mix(share, importance: calibration.importance, errors: errors).precisions
    }
  }

  private func mix(_ share: Double, importance: [[Double]], errors: ErrorEstimate) throws(InputError) -> PrecisionMix {
    try input { () throws(PrecisionMixError) in
      try PrecisionMix(
        shape: model.shape, allowed: Self.mixed, importance: importance, errors: errors,
        budgetBytes: Int(min(share * Double(bfloat16Bytes), Double(Int.max / 2))))
    }
  }

  private static func counts(_ precisions: [[Precision]]) -> String {
    Precision.allCases.compactMap { precision in
      let count = precisions.joined().count { $0 == precision }
      return count > 0 ? "\(count) at \(precision)" : nil
    }.joined(separator: ", ")
  }
}

extension EvaluationFold {
  /// Sequences that are scored.
  var sequences: Int { scored.reduce(0) { $0 + $1.bytes.count / Self.sequenceBytes } }
}
