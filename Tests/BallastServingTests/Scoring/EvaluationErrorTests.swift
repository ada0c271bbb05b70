import BallastServing
import Testing

@Suite struct EvaluationErrorTests {
  @Test(arguments: [
    (EvaluationError.textTooShort(domain: "verse", bytes: 12, sequenceBytes: 256), ["verse", "12", "256"]),
    (.contextTooShort(contextTokens: 16, sequenceBytes: 256), ["16", "256"]),
    (.nothingToCalibrate(sequences: 3, neededSequences: 17), ["3", "17", "--calibration"]),
  ])
  func namesBothNumbers(error: EvaluationError, words: [String]) {
    for word in words { #expect(error.description.contains(word)) }
  }
}
