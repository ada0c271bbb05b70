import CBallast
import Testing

@testable import BallastC

@Suite struct RefusalTests {
  private struct Fact: Error, CustomStringConvertible {
    let description: String
  }

  @Test func aRefusalIsTheThreadsExplanation() {
    #expect(answer { () throws(Refusal) in } == BALLAST_OK)
    #expect(answer { () throws(Refusal) in throw .badValue("it is 7") } == BALLAST_BAD_VALUE)
    #expect(explanation == "it is 7")
  }

  @Test func aLongExplanationIsCutBetweenCharacters() {
    let long = String(repeating: "ä", count: 2000)
    _ = answer { () throws(Refusal) in throw .nothing("x" + long) }
    #expect(explanation.utf8.count <= 1023)
    #expect(("x" + long).hasPrefix(explanation) && explanation.hasSuffix("ä"))
  }

  @Test func anErrorOfAnyStageKeepsItsText() {
    #expect {
      try refusing(BALLAST_BAD_SETTING) { () throws(Fact) in throw Fact(description: "layers is 0") }
    } throws: { error in
      (error as? Refusal)?.status == BALLAST_BAD_SETTING && (error as? Refusal)?.explanation == "layers is 0"
    }
  }
}
