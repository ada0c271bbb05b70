import Foundation
import Testing

@testable import BallastOperations

@Suite struct LinePlotSVGTests {
  @Test func isADocumentOfItsOwn() throws {
    let plot = LinePlot(
      title: "a < b", x: PlotAxis("x"), y: PlotAxis("y"),
      series: [PlotSeries("one & two", [1, 2]), PlotSeries("three", [2, 1])])
    let document = try XMLDocumentReading(plot.svg)
    #expect(document.isWellFormed)
    #expect(plot.svg.contains("one &amp; two") && plot.svg.contains("three"))
    #expect(plot.svg.contains("--series-1:") && plot.svg.hasPrefix("<svg xmlns="))
    #expect(plot.svg.components(separatedBy: "<path ").count == 3)
  }

  /// Whether every element that is opened is closed, in order.
  private struct XMLDocumentReading {
    let isWellFormed: Bool

    init(_ text: String) throws {
      var open: [Substring] = []
      var isFine = true
      for tag in text.matches(of: /<(\/?)([a-z]+)[^>]*?(\/?)>/).map(\.output) {
        if !tag.1.isEmpty { isFine = isFine && open.popLast() == tag.2 } else if tag.3.isEmpty { open.append(tag.2) }
      }
      isWellFormed = isFine && open.isEmpty
    }
  }
}
