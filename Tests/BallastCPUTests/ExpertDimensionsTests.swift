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
    // Strips are 64 outputs: gate and up with 72 each, in 5 panels of 16, take 3 of them, and 200 outputs take 4. Codes come
    // in spans of 64 with two scales: 200 steps take 4 spans, 72 take 2.
    let odd = try ExpertDimensions(hidden: 200, inner: 72)
    #expect(odd.bytes(.float32) == (192 * 200 + 256 * 72) * 4)
    #expect(odd.bytes(.int8) == 192 * 4 * (64 + 4) + 256 * 2 * (64 + 4))
    #expect(odd.bytes(.int4) == 192 * 4 * (32 + 4) + 256 * 2 * (32 + 4))
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
