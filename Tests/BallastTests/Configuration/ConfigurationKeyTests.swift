import BallastControl
import BallastRuntime
import Testing

@testable import Ballast

@Suite struct ConfigurationKeyTests {
  @Test func readsAndSetsItsOwnKnob() throws {
    let key = ConfigurationKey.integer("controller.dwellTicks", \.controller.dwellTicks, 1...9, "Ticks.")
    var configuration = BalancerConfiguration()
    key.assign(.integer(7), in: &configuration)
    #expect(configuration == BalancerConfiguration(controller: ControllerConfiguration(dwellTicks: 7)))
    #expect(key.value(in: configuration) == .integer(7))
    key.assign(.word("seven"), in: &configuration)
    #expect(key.value(in: configuration) == .integer(7))
  }

  @Test func namesItsVariable() {
    #expect(ConfigurationKey.environmentWord("rollout.stagingBytesPerSecond") == "ROLLOUT_STAGING_BYTES_PER_SECOND")
  }

  @Test func policyKeysWorkOnlyUnderTheirPolicy() {
    let key = ConfigurationKey.number(
      "dispatch.capacityFactor", \.dispatch.limits.capacityFactor, 1...9, "Factor.", policy: .borrowing)
    var configuration = BalancerConfiguration()
    #expect(!key.isUsed(in: configuration))
    key.assign(.number(3), in: &configuration)
    #expect(configuration.dispatch == .resident)
    configuration.dispatch = .borrowing(BorrowLimits())
    #expect(key.isUsed(in: configuration))
    key.assign(.number(3), in: &configuration)
    #expect(configuration.dispatch == .borrowing(BorrowLimits(capacityFactor: 3)))
  }
}
