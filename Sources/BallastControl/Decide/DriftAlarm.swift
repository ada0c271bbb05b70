/// Whether the routing counts as drifted, window after window, with hysteresis.
///
/// Two windows in a row beyond chance raise the alarm, or one that is far beyond: what is rare but not new passes with
/// its window. It is over when windows in a row have been well within chance.
public struct DriftAlarm: Hashable, Sendable {
  /// Windows in a row that must be calm before the alarm is over; at least 1.
  public var calmWindows: Int
  private var windowsLeft = 0
  /// Whether the last window was beyond chance.
  private var isSuspected = false

  /// Surprise over its limit that needs no second window.
  static let certainScore = 2.0
  /// The share of the limit below which a window is calm.
  static let calmShare = 0.8

  /// No alarm.
  public init(calmWindows: Int) { self.calmWindows = calmWindows }

  /// Whether it is on.
  public var isOn: Bool { windowsLeft > 0 }

  /// Takes note of a window's surprise over its limit.
  public mutating func note(score: Double) {
    defer { isSuspected = score > 1 }
    if isOn, score < Self.calmShare {
      windowsLeft -= 1
    } else if isOn || score > Self.certainScore || (score > 1 && isSuspected) {
      windowsLeft = max(calmWindows, 1)
    }
  }
}
