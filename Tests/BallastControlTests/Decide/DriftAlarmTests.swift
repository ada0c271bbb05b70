import BallastControl
import Testing

/// Diagrams with one letter a window.
///
/// In: `#` far beyond chance, `!` beyond, `~` nearly, `.` well within. Out: `D` drifting, `.` calm.
@Suite struct DriftAlarmTests {
  private func states(_ windows: String, calm: Int = 2) -> String {
    var alarm = DriftAlarm(calmWindows: calm)
    return String(
      windows.map { window -> Character in
        alarm.note(score: ["#": 2.5, "!": 1.5, "~": 0.9, ".": 0.2][window] ?? 0)
        return alarm.isOn ? "D" : "."
      })
  }

  @Test func oneWindowFarBeyondChanceRaisesIt() { #expect(states("..#") == "..D") }

  @Test func twoInARowBeyondChanceRaiseIt() {
    #expect(states(".!!") == "..D")
    #expect(states("!.!.!~!") == ".......")
  }

  @Test func calmWindowsInARowEndIt() {
    #expect(states("#....") == "DD...")
    #expect(states("#.!...") == "DDDD..")
    #expect(states("#....", calm: 1) == "D....")
    #expect(states("#....", calm: 4) == "DDDD.")
  }

  @Test func nearlyBeyondChanceNeitherRaisesNorEndsIt() {
    #expect(states("~~~~") == "....")
    #expect(states("#~~~..~") == "DDDDD..")
    #expect(states("#.~..") == "DDDD.")
  }

  @Test func lessThanOneCalmWindowIsOne() { #expect(states("#..", calm: 0) == "D..") }

  @Test func whatIsNoNumberRaisesNothing() {
    var alarm = DriftAlarm(calmWindows: 1)
    alarm.note(score: .nan)
    alarm.note(score: .nan)
    #expect(!alarm.isOn)
  }
}
