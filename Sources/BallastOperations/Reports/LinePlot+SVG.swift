extension LinePlot {
  /// The plot as an SVG file of its own, legend above, in the reader's light or dark colours.
  public var svg: String {
    let entries = series.enumerated().map { index, series in
      let x = 64 + Double(index % 4) * 172
      let y = 18 + Double(index / 4) * 20
      return element(
        "line",
        [
          "x1": at(x), "y1": at(y - 4), "x2": at(x + 18), "y2": at(y - 4), "class": "line",
          "stroke": seriesColor(index),
        ]) + label(series.name, x: x + 24, y: y, style: "axis")
    }
    let top = Double((series.count + 3) / 4) * 20 + 8
    let plot = element("svg", ["y": at(top), "width": "760", "height": "320"], drawing)
    let paper = element("rect", ["width": "760", "height": at(320 + top), "fill": "var(--paper)"])
    let content = element("title", [:], escaped(title)) + "<style>\(reportStyle)</style>" + paper
    return element(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "viewBox": "0 0 760 \(at(320 + top))", "width": "760", "role": "img",
        "aria-label": title,
      ], content + entries.joined() + plot) + "\n"
  }
}
