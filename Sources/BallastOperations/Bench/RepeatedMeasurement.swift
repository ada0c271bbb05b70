/// Measures a piece of work again and again: first until its time is steady, then for the figures.
public struct RepeatedMeasurement: Hashable, Sendable {
  /// What was measured.
  public struct Outcome: Hashable, Sendable {
    /// Nanoseconds of one operation.
    public let nanoseconds: SampleSummary
    /// Samples taken before those that count.
    public let warmUpSamples: Int
    /// Whether the time was steady before the samples that count were taken.
    public let isSteady: Bool
  }

  /// How long the samples that count may take, in seconds; warming up may take as long again.
  public let seconds: Double
  /// The shortest sample, in nanoseconds: short work is repeated, so that reading the clock costs next to nothing.
  public static let sampleNanoseconds = 50_000.0

  /// A measurement of about `seconds`, at least a millisecond.
  public init(seconds: Double) { self.seconds = min(max(seconds, 0.001), 1e6) }

  /// Times `work`, which does `operations` operations each time it is called.
  ///
  /// - Throws: What `work` throws, at once.
  public func measure<Failure: Error>(
    operations: Int, _ work: () throws(Failure) -> Void
  ) throws(Failure) -> Outcome {
    let clock = ContinuousClock()
    let calls = try callsPerSample(clock, work)
    func sample() throws(Failure) -> Double {
      let begun = clock.now
      for _ in 0..<calls { try work() }
      return (clock.now - begun).inNanoseconds / Double(calls) / Double(max(operations, 1))
    }
    var state = SteadyState()
    let warmUpEnd = clock.now + .seconds(seconds)
    repeat { state.add(try sample()) } while !state.isReached && clock.now < warmUpEnd
    let end = clock.now + .seconds(seconds)
    let first = try sample()
    var others: [Double] = []
    while clock.now < end { others.append(try sample()) }
    return Outcome(
      nanoseconds: SampleSummary(first, others), warmUpSamples: state.count, isSteady: state.isReached)
  }

  /// Calls that together last as long as a sample should.
  private func callsPerSample<Failure: Error>(
    _ clock: ContinuousClock, _ work: () throws(Failure) -> Void
  ) throws(Failure) -> Int {
    var calls = 1
    while true {
      let begun = clock.now
      for _ in 0..<calls { try work() }
      let spent = (clock.now - begun).inNanoseconds
      if spent >= Self.sampleNanoseconds || calls >= 1 << 24 { return calls }
      calls *= 2
    }
  }
}

extension Duration {
  /// The duration in nanoseconds.
  var inNanoseconds: Double { Double(components.seconds) * 1e9 + Double(components.attoseconds) / 1e9 }
}
