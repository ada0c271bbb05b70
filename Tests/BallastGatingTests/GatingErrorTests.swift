import BallastRuntime
import Testing

@testable import BallastGating

@Suite struct GatingErrorTests {
  @Test(arguments: [
    (GatingError.mass(1.5), "1.5", "at most 1"),
    (.limits(atLeast: 3, atMost: 2, expertsPerLayer: 8), "3 to 2 of 8", "atLeast ≤ atMost ≤ 8"),
    (.share(name: "the escalated share", value: -1), "the escalated share is -1.0", "from 0 to 1"),
    (.outOfRange(name: "the target", value: 0, allowed: 1...2), "the target is 0.0", "1.0 to 2.0"),
    (.tokenCount(tokens: 3, rows: 4), "3 tokens", "4 rows"),
  ]) func namesTheValueAndWhatIsAllowed(error: GatingError, value: String, allowed: String) {
    #expect(error.description.contains(value) && error.description.contains(allowed))
  }

  @Test func theFirstLogitThatIsNotFiniteIsNamed() {
    var logits = [Float](repeating: 1, count: 64)
    logits[40] = -.infinity
    logits[50] = .nan
    #expect(throws: GatingError.logitNotFinite(token: 2, expert: 8)) {
      try GatingError.check(logits.span, expertsPerLayer: 16, selection: Selection(expertsPerLayer: 16))
    }
    #expect(throws: GatingError.expertCount(selection: 8, gate: 16)) {
      try GatingError.check(logits.span, expertsPerLayer: 16, selection: Selection(expertsPerLayer: 8))
    }
  }
}
