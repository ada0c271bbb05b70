/// Improves a draft in one respect.
///
/// A pass is a pure function of the draft: the same draft gives the same result on every thread and machine. It
/// changes a draft only through the draft's own methods, which keep every limit.
public protocol PlanningPass: Sendable {
  /// Makes `draft` better, or leaves it as it is.
  func improve(_ draft: inout PlacementDraft)
}
