import Testing

@testable import BallastCPU

@Suite struct CalibrationTokensTests {
  @Test func takesInputsOfItsLengthOnly() {
    var tokens = CalibrationTokens(hidden: 2)
    tokens.append([1, 2], gate: 0.5)
    tokens.append([1], gate: 0.5)
    tokens.append([1, 2, 3], gate: 0.5)
    #expect(tokens.count == 1)
    #expect(tokens.inputs == [1, 2] && tokens.gates == [0.5])
  }
}
