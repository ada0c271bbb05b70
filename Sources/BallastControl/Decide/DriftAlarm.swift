/// Whether the routing counts as drifted, window after window, with hysteresis.
///
/// One window beyond chance raises the alarm. It is over when windows in a row have been well within chance.
public struct DriftAlarm: Hashable, Sendable {
  /// Windows in a row that must be calm before the alarm is over; at least 1.
  public var calmWindows: Int
  private var windowsLeft = 0

  /// The share of the limit below which a window is calm.
  static let calmShare = 0.8

  /// No alarm.
  public init(calmWindows: Int) { self.calmWindows = calmWindows }

  /// Whether it is on.
  public var isOn: Bool { windowsLeft > 0 }

  /// Takes note of a window's surprise over its limit.
  public mutating func note(score: Double) {
    if score > 1 || (isOn && score >= Self.calmShare) {
      windowsLeft = max(calmWindows, 1)
    } else if isOn {
      windowsLeft -= 1
    }
  }
}
