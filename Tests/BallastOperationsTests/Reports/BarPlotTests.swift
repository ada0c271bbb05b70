import Testing

@testable import BallastOperations

@Suite struct BarPlotTests {
  static func widths(_ arrangement: BarPlot.Arrangement, _ values: [[Double]]) -> [Double] {
    let plot = BarPlot(
      title: "t", axis: PlotAxis("v"), rows: ["a"], series: values.map { PlotSeries("s", $0) }, arrangement: arrangement
    )
    return plot.drawing.matches(of: /<rect [^>]*width="([0-9.]+)"/).compactMap { Double($0.output.1) }
  }

  @Test func drawsBarsInProportion() {
    #expect(Self.widths(.grouped, [[10], [5]]) == [640, 320])
    #expect(Self.widths(.stacked, [[15], [5]]) == [480, 160])
    #expect(Self.widths(.shares, [[3], [1]]) == [480, 160])
  }

  @Test func drawsNothingForWhatIsNoAmount() {
    #expect(Self.widths(.grouped, [[10], [.nan], [-3], [.infinity], []]) == [640, 0, 0, 0, 0])
    #expect(Self.widths(.shares, [[0], [0]]) == [0, 0])
    #expect(Self.widths(.grouped, []) == [])
  }
}
