import Testing

@testable import BallastOperations

@Suite struct SteadyStateTests {
  /// Samples until steady; nil when never.
  private func samples(_ limit: Int = 10_000, _ value: (Int) -> Double) -> Int? {
    var state = SteadyState()
    for index in 0..<limit {
      state.add(value(index))
      if state.isReached { return state.count }
    }
    return nil
  }

  private let least = SteadyState.windows * SteadyState.windowSamples

  @Test func aLevelSeriesIsSteadyAtOnce() { #expect(samples { _ in 5 } == least) }

  @Test func aDecayIsSteadyOnceItIsOver() throws {
    // Down from 2 to 1 over the first 500 samples.
    let count = try #require(samples { 1 + max(0, 1 - Double($0) / 500) })
    #expect(count > 400 && count <= 500 + least)
  }

  @Test func aDriftIsNeverSteady() { #expect(samples(2000) { pow(1.002, $0) } == nil) }

  @Test func noiseAndOutliersDoNotMatter() throws {
    // ±1 % around 10, and every twentieth sample far off.
    let count = try #require(samples { $0 % 20 == 19 ? 500 : 10 + ($0 % 2 == 0 ? 0.1 : -0.1) })
    #expect(count == least)
  }

  @Test func aStepStartsAnew() {
    var state = SteadyState()
    for _ in 0..<least { state.add(1) }
    #expect(state.isReached)
    for _ in 0..<SteadyState.windowSamples { state.add(2) }
    #expect(!state.isReached)
    for _ in 0..<least { state.add(2) }
    #expect(state.isReached)
  }

  private func pow(_ factor: Double, _ exponent: Int) -> Double {
    (0..<exponent).reduce(1) { value, _ in value * factor }
  }
}
