import Foundation
import Testing

@testable import BallastOperations

@Suite struct HTMLReportTests {
  static let hostile = "</title><script>alert('x')</script> \"&\u{0}\u{1B}\u{FFFF}"

  /// A report with one of everything, as `ballast run --report` makes them.
  static let sample = HTMLReport(
    title: "Static against adaptive", subtitle: "ballast run --devices 8 --seed 1",
    sections: [
      ReportSection(
        "What it bought", paragraphs: ["Medians of five alternations, both arms inside the same bytes."],
        figures: [.table(medians), .line(imbalance), .line(steps)]),
      ReportSection(
        "Where the bytes went", figures: [.bar(precisions), .bar(throughput), .heat(heat(8)), .heat(heat(64))]),
    ])

  static let medians = ReportTable(
    title: "Medians", columns: ["measure", "static", "adaptive", "ratio"],
    rows: [
      ["tokens/s", "10213.4", "11840.0", "1.16"], ["p99 step (ms)", "9.12", "8.01", "0.88"],
      ["device imbalance", "1.55", "1.08", "–"],
    ])

  static var imbalance: LinePlot {
    let seconds = (0..<240).map { Double($0) * 0.5 }
    let series = [
      PlotSeries("static", x: seconds, y: seconds.map { 1.55 + 0.04 * sin($0 * 1.3) }),
      PlotSeries("adaptive", x: seconds, y: seconds.map { 1.06 + 0.5 * exp(-$0 / 20) + 0.03 * sin($0) }),
    ]
    return LinePlot(
      title: "Device imbalance over time", x: PlotAxis("time", unit: "s"), y: PlotAxis("device imbalance", includes: 1),
      series: series)
  }

  static var steps: LinePlot {
    let times = (0..<5000).map { (step: Int) -> Double in Double(1 + (step * 7919) % 997) }
    return LinePlot(
      title: "Step time, all steps", x: PlotAxis("step"), y: PlotAxis("time", unit: "µs", scale: .logarithmic),
      series: [PlotSeries("adaptive", times)])
  }

  static let precisions = BarPlot(
    title: "Precision of the replicas", axis: PlotAxis("share of replicas", unit: "%"),
    rows: ["static", "adaptive", "adaptive, after the shift"],
    series: [PlotSeries("bfloat16", [12, 9, 7]), PlotSeries("int8", [0, 5, 6]), PlotSeries("int4", [0, 1, 3])],
    arrangement: .shares)

  static let throughput = BarPlot(
    title: "Tokens per second", axis: PlotAxis("throughput", unit: "tokens/s"), rows: ["code", "law", "translation"],
    series: [PlotSeries("static", [10_213, 9_500, 8_800]), PlotSeries("adaptive", [11_840, 9_900, 9_930])])

  static func heat(_ columns: Int) -> HeatMap {
    let values = (0..<12).map { (row: Int) -> [Double] in
      (0..<columns).map { (column: Int) -> Double in
        let load = (row * 13 + column * 29) % 23
        return 0.7 + Double(load) / 23
      }
    }
    return HeatMap(
      title: "Load of \(columns) devices", rowTitle: "layer", columnTitle: "device", rows: (0..<12).map(String.init),
      columns: (0..<columns).map(String.init), values: values)
  }

  static var empty: HTMLReport {
    let axis = PlotAxis(hostile, unit: hostile, scale: .logarithmic)
    let series = [PlotSeries(hostile, x: [1, 2], y: [.nan, -.infinity, 3]), PlotSeries("", [])]
    return HTMLReport(
      title: hostile, subtitle: hostile,
      sections: [
        ReportSection(
          hostile, paragraphs: [hostile, ""],
          figures: [
            .table(ReportTable(title: hostile, columns: [hostile, ""], rows: [[hostile], []])),
            .table(ReportTable(columns: [], rows: [])),
            .line(LinePlot(title: hostile, x: axis, y: axis, series: series)),
            .line(LinePlot(title: "one", x: axis, y: axis, series: [PlotSeries("one", x: [5], y: [5])])),
            .bar(BarPlot(title: hostile, axis: axis, rows: [hostile, "b"], series: series, arrangement: .shares)),
            .bar(BarPlot(title: "", axis: axis, rows: ["a"], series: [PlotSeries(hostile, [1e300])])),
            .heat(
              HeatMap(
                title: hostile, rowTitle: hostile, columnTitle: hostile, rows: [hostile, "b"], columns: [hostile],
                values: [[.nan], [3, 4]])),
            .heat(HeatMap(title: "", rowTitle: "", columnTitle: "", rows: [], columns: [], values: [])),
          ])
      ])
  }

  @Test(arguments: [sample, empty])
  func isWellFormedAndComplete(_ report: HTMLReport) throws {
    #expect(Self.unclosed(report.text) == [])
    for wanted in ["http:", "https:", "url(", "@import", "<script", "<link", "<img", "src="] {
      #expect(!report.text.replacing("http://www.w3.org/2000/svg", with: "").contains(wanted))
    }
    #expect(!report.text.contains("nan"))
    #expect(!report.text.contains("\"inf"))
    #expect(report.text.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
  }

  @Test func drawsWhatItIsGiven() {
    let text = Self.sample.text
    #expect(text.components(separatedBy: "<svg").count == 7)
    #expect(text.components(separatedBy: "class=\"line\"").count == 4)
    #expect(text.contains("Device imbalance over time"))
    #expect(text.contains("device imbalance"))
    #expect(text.contains("<td class=\"number\">10213.4</td>"))
    #expect(Self.empty.text.contains("no values"))
  }

  @Test func writesItsFile() throws {
    let scratch = try Scratch()
    try Self.sample.write(to: scratch.path("report.html"))
    #expect(try scratch.text("report.html") == Self.sample.text)
    guard let folder = ProcessInfo.processInfo.environment["BALLAST_TEST_REPORTS"] else { return }
    try Self.sample.write(to: "\(folder)/sample.html")
    try Self.empty.write(to: "\(folder)/empty.html")
  }

  /// Elements that are opened and not closed in order; empty when the document nests as it should.
  static func unclosed(_ text: String) -> [String] {
    var open: [String] = []
    for tag in text.matches(of: /<(\/?)([a-z0-9]+)((?:\s+[A-Za-z0-9:-]+="[^"<>]*")*)\s*(\/?)>/) {
      let name = String(tag.output.2)
      if tag.output.1 == "/" {
        guard open.popLast() == name else { return open + ["/" + name] }
      } else if tag.output.4.isEmpty {
        open.append(name)
      }
    }
    let brackets = text.replacing(/<(\/?)([a-z0-9]+)((?:\s+[A-Za-z0-9:-]+="[^"<>]*")*)\s*(\/?)>/, with: "")
      .replacing("<!DOCTYPE html>", with: "")
    return open + (brackets.contains("<") ? ["<"] : [])
  }
}
