import BallastRuntime
import Testing

@testable import Ballast

@Suite struct DispatchPolicyNameTests {
  @Test func namingAPolicyGivesItsDefaults() {
    var policy = DispatchPolicy.resident
    policy.name = .borrowing
    #expect(policy == .borrowing(BorrowLimits()))
    policy.name = .pinned
    #expect(policy == .pinned(.bfloat16))
    policy.name = .resident
    #expect(policy == .resident)
  }

  @Test func namingWhatItIsKeepsWhatItCarries() {
    var policy = DispatchPolicy.pinned(.int8)
    policy.name = .pinned
    #expect(policy == .pinned(.int8))
  }

  @Test func aPartThePolicyDoesNotCarryCannotBeWritten() {
    var policy = DispatchPolicy.resident
    policy.pinnedPrecision = .int8
    policy.limits = BorrowLimits(imbalanceThreshold: 2)
    #expect(policy == .resident)
    #expect(policy.pinnedPrecision == .bfloat16)
    #expect(policy.limits == BorrowLimits())
  }
}
