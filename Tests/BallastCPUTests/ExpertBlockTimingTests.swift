import BallastCPU
import BallastRuntime
import Testing

@Suite struct ExpertBlockTimingTests {
  @Test(arguments: [Precision.int8, .int4]) func timesEveryTokenCount(precision: Precision) async throws {
    let timings = try await ExpertBlockTiming.measure(
      dimensions: try ExpertDimensions(hidden: 64, inner: 32), experts: 4, expertsPerToken: 2, tokens: [1, 8],
      precision: precision, devices: 2, seconds: 0.001)
    #expect(timings.map(\.tokens) == [1, 8])
    for timing in timings {
      #expect(timing.gigaoperationsPerSecond > 0 && timing.stagingNanoseconds > 0 && timing.packingNanoseconds > 0)
      #expect(timing.readBytesPerSecond > 0 && timing.peakOperationsPerSecond > 0)
      #expect(timing.operations == Double(timing.tokens * 2 * 6 * 64 * 32))
      #expect(timing.relativeError > 0 && timing.relativeError < (precision == .int8 ? 0.03 : 0.25))
    }
  }
}
