import Testing

@testable import BallastOperations

@Suite struct RepeatedMeasurementTests {
  @Test func measuresEveryOperation() {
    var calls = 0
    let outcome = RepeatedMeasurement(seconds: 0.002).measure(operations: 10) { calls += 1 }
    #expect(calls >= outcome.warmUpSamples + outcome.nanoseconds.count)
    #expect(outcome.nanoseconds.count > 0 && outcome.nanoseconds.median > 0)
    #expect(outcome.nanoseconds.median <= outcome.nanoseconds.p99)
  }

  @Test func whatTheWorkThrowsEndsIt() {
    struct Spoiled: Error {}
    var calls = 0
    #expect(throws: Spoiled.self) {
      try RepeatedMeasurement(seconds: 0.002).measure(operations: 1) { () throws(Spoiled) in
        calls += 1
        if calls == 3 { throw Spoiled() }
      }
    }
    #expect(calls == 3)
  }

  @Test func secondsAreBounded() {
    #expect(RepeatedMeasurement(seconds: -1).seconds == 0.001)
    #expect(RepeatedMeasurement(seconds: .infinity).seconds == 1e6)
  }
}
