import Testing

@testable import BallastOperations

@Suite struct DriftFigureTests {
  /// 960 tokens of one layer of 16 experts, two each, one near `favourite`.
  private func segment(favourite: Int) throws -> [RoutingTrace] {
    let ids = (0..<960).flatMap { token -> [UInt8] in
      let first = (favourite + token * 7 % 5) % 16
      let second = (first + 1 + token * 11 % 4) % 16
      return [UInt8(first), UInt8(second)]
    }
    return [
      .selections(try SelectionTrace(NumericArray(ids, shape: [960, 1, 2]), experts: 16))
    ]
  }

  private func figure(chance: Double = 0.01, resamples: Int = 40) throws -> DriftFigure {
    let traces = try segment(favourite: 0) + segment(favourite: 9)
    return try DriftFigure(
      DriftSegment.cut(traces, windowRows: 96), windowRows: 96, expertsPerToken: 2, chance: chance,
      resamples: resamples)
  }

  @Test func everySwitchIsFoundInItsFirstWindow() throws {
    let figure = try figure()
    #expect(figure.switches.map(\.delay) == [1, 1])
    #expect(figure.switches.map(\.alarmsBefore) == [0, 0])
    #expect(figure.switches.allSatisfy { $0.windowsBefore == 6 && $0.score > 1 && $0.overlap < 0.8 })
    #expect(figure.switchTable.rows.count == 2)
  }

  @Test func resampledWindowsAreJudgedForEverySegmentAndStretch() throws {
    let figure = try figure()
    #expect(figure.stationary.map(\.stretch) == [1, 64, 256, 1, 64, 256])
    #expect(figure.stationary.allSatisfy { $0.windows >= 40 && $0.alarms <= 3 })
    #expect(figure.summary.contains("switches: 2 of 2 found, 2 in the first window"))
    let none = try self.figure(resamples: 0)
    #expect(none.stationary.isEmpty)
    #expect(!none.summary.contains("resampled"))
  }

  @Test func theRunShowsTheSwitchAndItsEnd() throws {
    let run = try figure(resamples: 0).run
    #expect(run.count == 20)
    #expect(run[..<4].allSatisfy { $0.score == nil })
    // The switch raises the alarm; the reference it leaves behind ends it two windows later.
    #expect(run.map(\.isDrifting) == (0..<20).map { $0 == 10 || $0 == 11 })
    #expect(try figure(resamples: 0).plot.series.map(\.y.count) == [20, 20, 20])
  }

  @Test func theSameSeedGivesTheSameFigure() throws { #expect(try figure() == figure()) }

  @Test func whatIsOutOfRangeIsRefused() throws {
    for chance in [0, 0.6, .nan, -1] {
      #expect(throws: DriftFigureError.self) { try figure(chance: chance) }
    }
    for resamples in [-1, 2_000_000] {
      #expect(throws: DriftFigureError.self) { try figure(resamples: resamples) }
    }
  }

  /// Recorded routing of two tasks: both switches are found within two windows, nothing before, and resampled tokens
  /// raise no more alarms than stated.
  @Test func recordedTasksAreToldApart() throws {
    let traces = try ["intent", "translation"].map { try RoutingTrace.read("\(bundledTrace)/\($0).ids.npy") }
    let figure = try DriftFigure(
      DriftSegment.cut(traces, windowRows: 256), windowRows: 256, expertsPerToken: 6, chance: 0.01, resamples: 60)
    #expect(figure.switches.allSatisfy { ($0.delay ?? 99) <= 2 && $0.alarmsBefore == 0 && $0.overlap < 0.7 })
    #expect(figure.stationary.filter { $0.stretch == 1 }.allSatisfy { $0.alarms == 0 })
  }
}
