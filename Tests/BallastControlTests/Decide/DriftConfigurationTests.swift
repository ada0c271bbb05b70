import Testing

@testable import BallastControl

@Suite struct DriftConfigurationTests {
  private func configuration(_ drift: DriftConfiguration) -> BalancerConfiguration {
    BalancerConfiguration(
      estimator: EstimatorConfiguration(windowTokens: 1000, halfLifeTicks: 4),
      controller: ControllerConfiguration(dwellTicks: 5), drift: drift)
  }

  @Test func onlyAdaptingChangesKnobs() {
    for mode in [DriftMode.off, .report] {
      let fixed = configuration(DriftConfiguration(mode: mode, windowShare: 0.1))
      #expect(fixed.whileDrifting == fixed)
    }
  }

  @Test func adaptingShortensWindowsAndDwellAndNothingElse() {
    let before = configuration(DriftConfiguration(mode: .adapt, windowShare: 0.1, dwellTicks: 2))
    var expected = before
    expected.estimator.windowTokens = 100
    expected.estimator.halfLifeTicks = 0.4
    expected.controller.dwellTicks = 2
    #expect(before.whileDrifting == expected)
  }

  @Test func itNeverLengthensAnything() {
    let before = configuration(DriftConfiguration(mode: .adapt, windowShare: 7, dwellTicks: 99))
    #expect(before.whileDrifting == before)
    var tiny = configuration(DriftConfiguration(mode: .adapt, windowShare: -1, dwellTicks: -3))
    tiny.estimator.windowTokens = 1
    #expect(tiny.whileDrifting.estimator.windowTokens == 1)
    #expect(tiny.whileDrifting.controller.dwellTicks == 1)
  }
}
