/// How an expert's weights become low precision.
public enum Quantizer: String, CaseIterable, Sendable {
  /// Each weight to the nearest code, the codes fitting the largest weight of its group.
  case plain
  /// Codes and scales fitted to the tokens an expert has met, each weighed by its gate weight; plain until it has met
  /// any.
  case weighted
}
