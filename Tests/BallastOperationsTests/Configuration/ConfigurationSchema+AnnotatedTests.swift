import BallastControl
import BallastRuntime
import Testing

@testable import Ballast
@testable import BallastOperations

@Suite struct ConfigurationAnnotatedTests {
  static let samples: [BalancerConfiguration] = [
    BalancerConfiguration(),
    BalancerConfiguration(mode: .advise, tickMilliseconds: 7, dispatch: .pinned(.int8)),
    BalancerConfiguration(
      controller: ControllerConfiguration(enterImbalance: 1.123456789012345), dispatch: .borrowing(BorrowLimits())),
  ]

  @Test(arguments: samples)
  func readsBackToTheSame(_ configuration: BalancerConfiguration) throws {
    let text = ConfigurationSchema.annotated(configuration)
    #expect(try ConfigurationSchema.configuration(text: text) == configuration)
  }

  @Test func explainsEveryKey() {
    let text = ConfigurationSchema.annotated()
    for key in ConfigurationSchema.keys {
      #expect(text.contains(key.explanation))
      #expect(text.contains(key.environmentName))
      #expect(text.contains("\(key.domain)"))
    }
    #expect(text.contains("\ncontroller:\n  # "))
    #expect(text.contains("  # capacityFactor: 1\n"))
  }
}
