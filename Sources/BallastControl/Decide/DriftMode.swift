/// What becomes of drift.
public enum DriftMode: String, CaseIterable, Sendable {
  /// It is not looked for.
  case off
  /// It is reported.
  case report
  /// It is reported, and while it lasts windows and dwell are shorter.
  case adapt
}
