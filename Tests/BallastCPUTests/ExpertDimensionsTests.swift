import BallastCPU
import BallastRuntime
import Testing

@Suite struct ExpertDimensionsTests {
  @Test func countsWeightsScalesAndPadding() throws {
    let whole = try ExpertDimensions(hidden: 192, inner: 128)
    #expect(whole.bytes(.float32) == 3 * 192 * 128 * 4)
    #expect(whole.bytes(.bfloat16) == 3 * 192 * 128 * 2)
    // One 2-byte scale for 32 weights of a byte, or half of one.
    #expect(whole.bytes(.int8) == 3 * 192 * 128 * 34 / 32)
    #expect(whole.bytes(.int4) == 3 * 192 * 128 * 18 / 32)
    // 72 outputs take 5 panels of 16, 200 take 13; scales come in pairs: 200 has 4 of them, the last for 8 weights.
    let odd = try ExpertDimensions(hidden: 200, inner: 72)
    #expect(odd.bytes(.float32) == (2 * 80 * 200 + 208 * 72) * 4)
    #expect(odd.bytes(.int8) == 2 * 80 * (200 + 4 * 4) + 208 * (72 + 2 * 4))
  }

  @Test(arguments: [0, -1, 65_537, Int.max, Int.min]) func refusesSizesOutOfRange(size: Int) {
    #expect(throws: CPUExecutorError.dimension(name: "hidden", value: size, allowed: 1...65_536)) {
      try ExpertDimensions(hidden: size, inner: 8)
    }
    #expect(throws: CPUExecutorError.dimension(name: "inner", value: size, allowed: 1...65_536)) {
      try ExpertDimensions(hidden: 8, inner: size)
    }
  }
}
