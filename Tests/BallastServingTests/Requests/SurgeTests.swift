import BallastServing
import Testing

@Suite struct SurgeTests {
  /// Requests a second in each third of the time.
  private func rates(_ arrivals: [Duration], seconds: Double) -> [Double] {
    (0..<3).map { third in
      let part = seconds / 3
      let bounds = Double(third) * part..<Double(third + 1) * part
      return Double(arrivals.count { bounds.contains($0 / .seconds(1)) }) / part
    }
  }

  @Test func theMiddleThirdIsBusier() throws {
    let surge = try #require(Surge(perSecond: 100, factor: 2))
    let count = surge.requests(seconds: 60)
    #expect(count == 6000)
    let arrivals = surge.arrivals(requests: count, seed: 3)
    #expect(arrivals.count == 6000)
    #expect(arrivals == arrivals.sorted())
    let rates = rates(arrivals, seconds: 60)
    #expect(abs(rates[0] - 50) < 8 && abs(rates[1] - 200) < 16 && abs(rates[2] - 50) < 8, "\(rates)")
    #expect(surge.arrivals(requests: count, seed: 3) == arrivals)
    #expect(surge.arrivals(requests: count, seed: 4) != arrivals)
  }

  @Test func hostileNumbersGiveNothingOrLittle() throws {
    for (rate, factor) in [(0.0, 1.0), (1, 0), (-1, 1), (.nan, 1), (1, .infinity)] {
      #expect(Surge(perSecond: rate, factor: factor) == nil)
    }
    let slow = try #require(Surge(perSecond: 1e-9, factor: 1))
    #expect(slow.requests(seconds: 1) == 1)
    #expect(slow.requests(seconds: .nan) == 1)
    #expect(try #require(Surge(perSecond: 1e300, factor: 1)).requests(seconds: 1e9) == 100_000_000)
    #expect(slow.arrivals(requests: -1, seed: 1).isEmpty)
  }
}
