import BallastOperations
import Testing

@Suite struct FixedPointTests {
  @Test func hasAsManyDecimalsAsAsked() {
    #expect(fixed(1.25, 1) == "1.2")
    #expect(fixed(-0.0625, 3) == "-0.062")
    #expect(fixed(2, 0) == "2")
  }
}
