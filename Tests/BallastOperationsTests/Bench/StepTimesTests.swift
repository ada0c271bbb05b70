import Testing

@testable import BallastOperations

@Suite struct StepTimesTests {
  @Test func percentilesOfKnownSteps() {
    var times = StepTimes()
    for step in 1...1000 { times.add(.milliseconds(step)) }
    #expect(times.count == 1000)
    #expect(abs(times.milliseconds(percentile: 50) - 500) < 1)
    #expect(abs(times.milliseconds(percentile: 99.9) - 999) < 1)
    #expect(abs(times.worstMilliseconds - 1000) < 1)
  }

  @Test func whatIsOutOfRangeIsClamped() {
    var times = StepTimes()
    times.add(.seconds(-1))
    times.add(.seconds(1_000_000))
    #expect(times.count == 2)
    #expect(abs(times.worstMilliseconds - 60_000) < 60)
  }
}
