/// How an expert's weights become low precision.
public enum Quantizer: String, CaseIterable, Sendable {
  /// Each weight to the nearest step, the steps fitting the largest of its group.
  case plain
  /// Steps and scales fitted to the tokens an expert has met, each weighed by its gate weight; plain until it has met
  /// any.
  case weighted
}
