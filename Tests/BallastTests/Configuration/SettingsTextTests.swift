import Ballast
import BallastControl
import Testing

struct SettingsTextTests {
  @Test func readsKeysCommentsAndBlankLines() throws {
    let text = "# calm\n\nmode = advise # no moves\r\n  controller.dwellTicks=7\nplanner.qualityBudget = 0.5"
    let configuration = try SettingsText(parsing: text).applied(to: BalancerConfiguration())
    #expect(configuration.mode == .advise)
    #expect(configuration.controller.dwellTicks == 7)
    #expect(configuration.planner.qualityBudget == 0.5)
    #expect(configuration.laneLimit == BalancerConfiguration().laneLimit)
  }

  @Test(arguments: [
    ("mode", "line 1: mode has no value"), ("mod = act", "did you mean mode?"),
    ("\nmode = sleep", "line 2: mode is sleep"),
    ("laneLimit = 99999999999999999999", "allowed is a whole number from 1 to 65536"),
    ("mode = act\nmode = act", "twice"),
    ("controller.enterImbalance = 1.01", "must exceed controller.leaveImbalance"),
    ("dispatch.capacityFactor = 2", "only borrowing uses it"),
  ])
  func refuses(_ text: String, saying fact: String) throws {
    let error = #expect(throws: SettingsError.self) {
      try SettingsText(parsing: text).applied(to: BalancerConfiguration())
    }
    #expect(error?.description.contains(fact) == true)
  }

  @Test func refusesATextWithoutEnd() {
    #expect(throws: SettingsError.tooLong(bytes: 65_537, limit: 65_536)) {
      try SettingsText(parsing: String(repeating: "\n", count: 65_537))
    }
  }
}
