import BallastControl
import BallastRuntime

extension ConfigurationSchema {
  /// How gates choose experts.
  static let gate: [ConfigurationKey] = [
    .choice(
      "gate.kind", \.gate.kind,
      "How experts are chosen: the model's topk, topp by a mass of probability, or topk with exact experts for unsure tokens."
    ),
    .number(
      "gate.mass", \.gate.mass, 1e-6...1,
      "Probability the experts of a token must exceed together under topp; 1 keeps all."),
    .integer("gate.expertsAtLeast", \.gate.expertsAtLeast, 1...65_535, "Fewest experts of a token under topp."),
    .integer(
      "gate.expertsAtMost", \.gate.expertsAtMost, 1...65_535,
      "Most experts of a token under topp; a layer with fewer has them all."),
    .choice(
      "gate.weights", \.gate.weights,
      "Whether topp scales the gate weights of a token to sum 1 or leaves them as they are."),
    .number(
      "gate.meanExperts", \.gate.meanExperts, 0...65_535,
      "Mean experts a token that topp holds by moving the mass; 0 lets the mass be."),
    .number(
      "gate.stepMilliseconds", \.gate.stepMilliseconds, 0...3_600_000,
      "Milliseconds a step that topp holds by moving the mass; 0 lets the mass be."),
    .choice(
      "gate.dispersion", \.gate.dispersion,
      "What says how sure a router is under confidence; random is only for comparison."),
    .choice(
      "gate.escalationOrder", \.gate.escalationOrder,
      "Which tokens need exact experts first: those whose router is least sure, or those whose router is surest."),
    .number(
      "gate.escalatedShare", \.gate.escalatedShare, 0...1,
      "Share of a layer's tokens that need exact experts under confidence."),
    .choice("gate.exactPrecision", \.gate.exactPrecision, "The least precision those tokens accept."),
  ]
}
