import BallastCPU
import BallastRuntime
import Testing

@Suite struct ExpertBlockTimingTests {
  @Test func timesEveryTokenCount() async throws {
    let timings = try await ExpertBlockTiming.measure(
      dimensions: try ExpertDimensions(hidden: 32, inner: 16), experts: 4, expertsPerToken: 2, tokens: [1, 8],
      precision: .int8)
    #expect(timings.map(\.tokens) == [1, 8])
    #expect(timings.allSatisfy { $0.nanoseconds > 0 && $0.gigaoperationsPerSecond > 0 && $0.stagingNanoseconds > 0 })
  }
}
