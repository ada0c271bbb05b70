import BallastOperations
import Testing

@Suite struct PlotSeriesTests {
  @Test func placesValuesOneApart() {
    #expect(PlotSeries("a", [5, 6, 7]) == PlotSeries("a", x: [0, 1, 2], y: [5, 6, 7]))
  }
}
