import BallastRuntime
import Testing

@Suite struct ResidencyPolicyTests {
  @Test func onlyAllKeepsEveryExpertInMemory() {
    #expect(ResidencyPolicy.allCases.filter { !$0.mayEvict } == [.all])
  }
}
