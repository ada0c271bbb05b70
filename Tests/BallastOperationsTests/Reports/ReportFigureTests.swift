import Testing

@testable import BallastOperations

@Suite struct ReportFigureTests {
  @Test func captionsAndExplainsWhatItShows() {
    let plot = LinePlot(
      title: "a < b", x: PlotAxis("x"), y: PlotAxis("y"),
      series: [PlotSeries("one", [1, 2]), PlotSeries("two", [2, 3])])
    let markup = ReportFigure.line(plot).markup
    #expect(markup.contains("<figcaption>a &lt; b</figcaption>"))
    #expect(markup.components(separatedBy: "<li>").count == 3)
    #expect(markup.contains("var(--series-2)\"> </span>two"))
  }

  @Test func alignsTableColumnsByWhatTheyHold() {
    let table = ReportTable(columns: ["name", "value"], rows: [["a", "1.5"], ["b"]])
    let markup = ReportFigure.table(table).markup
    #expect(markup.contains("<td class=\"number\">1.5</td>"))
    #expect(markup.contains("<td class=\"words\">a</td>"))
    #expect(markup.contains("<td class=\"number\">&#160;</td>"))
  }
}
