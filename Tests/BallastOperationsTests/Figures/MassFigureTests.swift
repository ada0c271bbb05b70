import Testing

@testable import BallastOperations

@Suite struct MassFigureTests {
  @Test func everyTargetThatCanBeMetIsMet() throws {
    let figure = try MassFigure()
    #expect(figure.points.count == MassFigure.stretches.reduce(0) { $0 + $1.updates })
    var first = 0
    for stretch in MassFigure.stretches {
      let last = figure.points[first..<first + stretch.updates].suffix(20)
      first += stretch.updates
      let mean = last.reduce(0) { $0 + $1.meanExperts } / 20
      if stretch.target <= 12 {
        #expect(abs(mean / stretch.target - 1) < 0.05, "\(stretch.name)")
      } else {
        #expect(mean > 11 && mean <= 12)
      }
    }
  }

  @Test func theTargetThatCouldNotBeMetIsLeftWithoutDelay() throws {
    let rows = try MassFigure().table.rows
    let (free, bound) = (rows[2][4], rows[4][4])
    #expect((Int(bound) ?? 99) <= (Int(free) ?? 0) + 10)
    #expect(rows[3][4] == "–")
  }

  @Test func theSameSeedGivesTheSameFigure() throws {
    #expect(try MassFigure(seed: 5) == MassFigure(seed: 5))
    #expect(try MassFigure(seed: 5) != MassFigure(seed: 6))
    #expect(try MassFigure().plot.series.map(\.name) == ["target", "chosen", "mass × 10"])
  }
}
