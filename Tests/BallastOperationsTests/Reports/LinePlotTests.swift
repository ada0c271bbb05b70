import Foundation
import FoundationXML
import Testing

@testable import BallastOperations

@Suite struct LinePlotTests {
  static func paths(_ y: [Double]) -> [Substring] {
    let plot = LinePlot(title: "t", x: PlotAxis("x"), y: PlotAxis("y"), series: [PlotSeries("s", y)])
    return plot.drawing.matches(of: /<path d="([^"]*)"/).map(\.output.1)
  }

  @Test func goesFromEdgeToEdge() {
    #expect(Self.paths([0, 1]) == ["M64 272h0L740 14"])
  }

  @Test func breaksWhereThereIsNoValue() {
    let path = Self.paths([0, 1, .nan, 2, 3])
    #expect(path.first?.filter { $0 == "M" }.count == 2)
    #expect(path.first?.filter { $0 == "L" }.count == 2)
  }

  @Test func aFileNamesItsLinesAndIsWellFormed() {
    let series = (1...4).map { PlotSeries("line <\($0)>", [1, 2, Double($0)]) }
    let file = LinePlot(title: "a & b", x: PlotAxis("x"), y: PlotAxis("y"), series: series).file
    #expect(file.contains("line &lt;4&gt;") && file.contains("a &amp; b") && file.contains("--series-4:"))
    #expect(XMLParser(data: Data(file.utf8)).parse())
  }

  @Test func thinsWithoutLosingAPeak() throws {
    var values = Array(repeating: 1.0, count: 100_000)
    values[54_321] = 9
    values[12_345] = -7
    let path = try #require(Self.paths(values).first)
    #expect(path.utf8.count < 40_000)
    let heights = path.matches(of: /[ML][0-9.]+ ([0-9.]+)/).compactMap { Double($0.output.1) }
    #expect(Set(heights).count == 3)
  }
}
