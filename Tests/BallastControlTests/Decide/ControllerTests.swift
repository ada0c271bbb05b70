import BallastControl
import Testing

/// Diagrams: one letter a tick. In: `!` imbalanced, `~` between the thresholds, `.` balanced. Out: `b` balanced,
/// `s` dwelling, `R` plan, `c` cooling down.
@Suite struct ControllerTests {
  private func decisions(_ ticks: String, dwell: Int = 3, cooldown: Int = 2) -> String {
    var controller = Controller(
      configuration: ControllerConfiguration(
        enterImbalance: 1.2, leaveImbalance: 1.1, dwellTicks: dwell, cooldownTicks: cooldown))
    return String(
      ticks.map { tick -> Character in
        let decision = controller.decide(imbalance: ["!": 1.3, "~": 1.15, ".": 1.0][tick] ?? 1)
        switch decision {
        case .plan:
          controller.planned()
          return "R"
        case .hold(.balanced): return "b"
        case .hold(.dwelling): return "s"
        case .hold(.coolingDown): return "c"
        default: return "?"
        }
      })
  }

  @Test func plansAfterDwellingAndRestsAfterPlanning() { #expect(decisions("!!!!!!!!") == "ssRccssR") }

  @Test func aSpikeMovesNothing() { #expect(decisions("!.!!.!.!") == "sbssbsbs") }

  @Test func betweenTheThresholdsItNeitherEntersNorLeaves() {
    #expect(decisions("~~~~") == "bbbb")
    #expect(decisions("!~~.") == "ssRc")
    #expect(decisions("!~.~") == "ssbb")
  }

  @Test func withoutDwellOrCooldownItPlansEveryTick() { #expect(decisions("!!!", dwell: 1, cooldown: 0) == "RRR") }

  @Test func theReasonCarriesItsNumbers() {
    var controller = Controller(configuration: ControllerConfiguration(dwellTicks: 3, cooldownTicks: 2))
    #expect(controller.decide(imbalance: 2) == .hold(.dwelling(ticks: 1)))
    #expect(controller.decide(imbalance: 2) == .hold(.dwelling(ticks: 2)))
    #expect(controller.decide(imbalance: 2) == .plan)
    controller.planned()
    #expect(controller.decide(imbalance: 2) == .hold(.coolingDown(ticksLeft: 1)))
  }
}
