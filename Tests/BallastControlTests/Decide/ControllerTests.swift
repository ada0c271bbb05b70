import BallastControl
import Testing

/// Diagrams with one letter a tick.
///
/// In: `!` imbalanced, `~` between the thresholds, `.` balanced. Out: `b` balanced,
/// `s` dwelling, `R` plan, `n` a plan in which nothing pays, `c` cooling down.
@Suite struct ControllerTests {
  // `cutShort` and `fruitless` are how many of the first plans are cut short, or find nothing that pays.
  private func decisions(
    _ ticks: String, dwell: Int = 3, cooldown: Int = 2, review: Int = 100, cutShort: Int = 0, fruitless: Int = 0
  ) -> String {
    var controller = Controller(
      configuration: ControllerConfiguration(
        enterImbalance: 1.2, leaveImbalance: 1.1, dwellTicks: dwell, cooldownTicks: cooldown, reviewTicks: review))
    var plans = 0
    return String(
      ticks.map { tick -> Character in
        let decision = controller.decide(imbalance: ["!": 1.3, "~": 1.15, ".": 1.0][tick] ?? 1)
        switch decision {
        case .plan:
          plans += 1
          guard plans > fruitless else {
            controller.foundNothing()
            return "n"
          }
          controller.planned(isCutShort: plans <= cutShort)
          return "R"
        case .hold(.balanced): return "b"
        case .hold(.dwelling): return "s"
        case .hold(.coolingDown): return "c"
        default: return "?"
        }
      })
  }

  @Test func plansAfterDwellingAndRestsAfterPlanning() { #expect(decisions("!!!!!!!!") == "ssRccssR") }

  @Test func aBreachOfQualityWaitsForNothingButTheCooldown() {
    var controller = Controller(configuration: ControllerConfiguration(dwellTicks: 3, cooldownTicks: 1))
    #expect(controller.decide(imbalance: 1, isQualityBreached: true) == .plan)
    controller.planned()
    #expect(controller.decide(imbalance: 1, isQualityBreached: true) == .hold(.coolingDown(ticksLeft: 0)))
    #expect(controller.decide(imbalance: 1, isQualityBreached: true) == .plan)
  }

  @Test func aSpikeMovesNothing() { #expect(decisions("!.!!.!.!") == "sbssbsbs") }

  @Test func betweenTheThresholdsItNeitherEntersNorLeaves() {
    #expect(decisions("~~~~") == "bbbb")
    #expect(decisions("!~~.") == "ssRc")
    #expect(decisions("!~.~") == "ssbb")
  }

  @Test func withoutDwellOrCooldownItPlansEveryTick() { #expect(decisions("!!!", dwell: 1, cooldown: 0) == "RRR") }

  @Test func aPlanCutShortGoesOnAtOnce() {
    #expect(decisions("!!!!!!!!!!", cutShort: 2) == "ssRRRccssR")
    #expect(decisions("!!!.......", cutShort: 1) == "ssRRccbbbb")
  }

  @Test func aLongBalanceIsReviewed() {
    #expect(decisions("............", review: 4) == "bbbRccbbbRcc")
    #expect(decisions("...!.......", review: 4) == "bbbsbbbRccb")
    #expect(decisions("~~~~~~", review: 3) == "bbRccb")
  }

  @Test func eachReviewThatFindsNothingDoublesTheWait() {
    #expect(decisions("..................", cooldown: 1, review: 2, fruitless: 9) == "bncbbbncbbbbbbbncb")
    #expect(decisions("..............", cooldown: 1, review: 2, fruitless: 1) == "bncbbbRcbRcbRc")
    #expect(decisions("...!!!....", cooldown: 1, review: 2, fruitless: 1) == "bncssRcbRc")
  }

  @Test func noWaitIsTooLongToBeDoubled() {
    #expect(decisions("!!!......", cooldown: 1, review: .max, fruitless: 1) == "ssncbbbbb")
  }

  @Test func aReviewThatIsCutShortGoesOnToo() {
    #expect(decisions(".......", review: 2, cutShort: 2) == "bRRRccb")
  }

  @Test func aChangeOfKnobsTakesEffectAtTheNextTick() {
    var controller = Controller(configuration: ControllerConfiguration(enterImbalance: 2))
    #expect(controller.decide(imbalance: 1.5) == .hold(.balanced))
    controller.configuration.enterImbalance = 1.2
    controller.configuration.dwellTicks = 1
    #expect(controller.decide(imbalance: 1.5) == .plan)
  }

  @Test func theReasonCarriesItsNumbers() {
    var controller = Controller(configuration: ControllerConfiguration(dwellTicks: 3, cooldownTicks: 2))
    #expect(controller.decide(imbalance: 2) == .hold(.dwelling(ticks: 1)))
    #expect(controller.decide(imbalance: 2) == .hold(.dwelling(ticks: 2)))
    #expect(controller.decide(imbalance: 2) == .plan)
    controller.planned()
    #expect(controller.decide(imbalance: 2) == .hold(.coolingDown(ticksLeft: 1)))
    #expect(Decision.hold(.coolingDown(ticksLeft: 1)).description == "hold: cooling down, 1 ticks left")
  }
}
