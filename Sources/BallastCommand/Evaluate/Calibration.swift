import BallastCPU
import BallastRuntime
import BallastServing

/// What the full-precision model shows on calibration texts.
struct Calibration {
  /// Tokens each expert met.
  let reservoir: CalibrationReservoir
  /// `[layer][expert]`: summed one-pass scores.
  let importance: [[Double]]
  /// How often each expert was chosen, and by which gate weights.
  let use: ExpertUse

  /// Runs the sequences through `model`, every batch sampled.
  init(
    _ model: EvaluatedModel, _ sequences: [[UInt8]], _ balance: CalibrationReservoir.Balance,
    progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) async throws(InputError) {
    reservoir = model.reservoir(balance)
    let outcome = try await model.score(
      [Array(sequences.joined())], precisions: model.uniform(model.shape.fullPrecision), calibration: reservoir,
      isSampled: true, progress: progress)
    importance = outcome.samples.importance
    use = outcome.uses[0]
  }
}
