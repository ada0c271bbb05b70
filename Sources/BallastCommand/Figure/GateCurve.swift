import BallastGating
import BallastOperations
import BallastRuntime
import BallastServing

/// What a model predicts under one kind of gate, from one setting to the next.
struct GateCurve: Codable {
  /// One setting.
  struct Point: Codable {
    /// What the gate was told: a mass, a share, or a number of experts.
    var setting: Double
    /// Mean experts a token.
    var meanExperts: Double
    /// Share of tokens, layer by layer, that were escalated.
    var escalatedShare: Double
    /// Mean over the domains.
    var bitsPerByte: Double
  }

  /// What a legend calls it.
  var name: String
  var points: [Point]

  /// Scores `texts` under every setting.
  init(
    _ name: String, _ settings: [Double], _ texts: [DomainText], _ model: EvaluatedModel, precision: Precision,
    _ gate: (Double) -> GateConfiguration
  ) async throws(InputError) {
    self.name = name
    points = []
    for setting in settings {
      let outcome = try await model.score(
        texts.map(\.bytes), precisions: model.uniform(precision), gate: gate(setting))
      let bits = outcome.scores.reduce(0) { $0 + ($1.bitsPerByte ?? 0) } / Double(max(1, texts.count))
      points.append(
        Point(
          setting: setting, meanExperts: outcome.gating.meanExperts ?? 0,
          escalatedShare: outcome.gating.escalatedShare ?? 0, bitsPerByte: bits))
    }
  }
}
