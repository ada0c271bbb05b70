import Testing

@testable import BallastOperations

@Suite struct ExpertSizeTests {
  @Test func oddWeightsRoundUp() {
    let size = ExpertSize(hidden: 3, inner: 1)
    #expect(size.weights == 9)
    #expect(size.bytes[.int4] == 5 && size.bytes[.int8] == 9 && size.bytes[.bfloat16] == 18)
  }
}
