/// Something shown in a report.
public enum ReportFigure: Hashable, Sendable {
  /// Rows and columns.
  case table(ReportTable)
  /// Lines.
  case line(LinePlot)
  /// Bars.
  case bar(BarPlot)
  /// A grid of values.
  case heat(HeatMap)

  /// The figure as HTML.
  var markup: String {
    switch self {
    case .table(let table): tableMarkup(table)
    case .line(let plot): figure(plot.title, plot.drawing, legend: plot.series.map(\.name))
    case .bar(let plot): figure(plot.title, plot.drawing, legend: plot.series.map(\.name))
    case .heat(let map): figure(map.title, map.drawing, legend: [])
    }
  }

  private func figure(_ title: String, _ drawing: String, legend names: [String]) -> String {
    let entries = names.enumerated().map { index, name in
      element("li", [:], element("span", ["style": "background:\(seriesColor(index))"], " ") + escaped(name))
    }
    let legend = names.isEmpty ? "" : element("ul", ["class": "legend"], entries.joined())
    return element("figure", [:], caption(title) + legend + drawing)
  }

  private func tableMarkup(_ table: ReportTable) -> String {
    let styles = table.columns.indices.map { table.isNumeric($0) ? "number" : "words" }
    let heads = table.columns.indices.map {
      element("th", ["scope": "col", "class": styles[$0]], filled(table.columns[$0]))
    }
    let rows = table.rows.map { row in
      element(
        "tr", [:],
        table.columns.indices.map { element("td", ["class": styles[$0]], filled(table.cell(row, $0))) }.joined())
    }
    let grid = element("thead", [:], element("tr", [:], heads.joined())) + element("tbody", [:], rows.joined() + " ")
    return element(
      "figure", [:], caption(table.title) + element("div", ["class": "scroll"], element("table", [:], grid)))
  }

  private func caption(_ title: String) -> String {
    title.isEmpty ? "" : element("figcaption", [:], escaped(title))
  }

  /// Text for an element that must not be written without an end tag.
  private func filled(_ text: String) -> String { text.isEmpty ? "&#160;" : escaped(text) }
}
