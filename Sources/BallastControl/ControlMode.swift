/// How far the control loop goes.
public enum ControlMode: String, CaseIterable, Sendable {
  /// Counts and estimates; plans nothing.
  case observe
  /// Plans and reports; changes nothing.
  case advise
  /// Plans and applies.
  case act
}
