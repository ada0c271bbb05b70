import Testing

@testable import BallastServing

@Suite struct RequestLengthTests {
  @Test(arguments: [
    (0, 0, 1.0), (1, 1_000_000_000, 1), (1_000_000_000, 0, 1), (500, 500, 0.1), (3, 3, 1e-9), (2, 2, 1e6),
  ])
  func anyLengthFitsTheContext(prompt: Int, generated: Int, factor: Double) {
    for context in [2, 3, 256] {
      let length = RequestLength(promptBytes: prompt, generatedBytes: generated).scaled(
        by: factor, contextBytes: context)
      #expect(length.promptBytes >= 1 && length.generatedBytes >= 1)
      #expect(length.promptBytes + length.generatedBytes <= context)
    }
  }

  @Test func whatFitsIsKept() {
    let length = RequestLength(promptBytes: 100, generatedBytes: 28)
    #expect(length.scaled(by: 1, contextBytes: 256) == length)
  }
}
