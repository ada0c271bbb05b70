extension LinePlot {
  /// The plot as an SVG file of its own: title, legend and colours included.
  public var file: String {
    let rows = (series.count + 2) / 3
    let top = 44 + Double(rows) * 20
    let frame = PlotFrame(width: 760, height: 320 + top, left: 64, right: 20, top: top, bottom: 48)
    let legend = series.enumerated().map { index, series in
      let (x, y) = (64 + Double(index % 3) * 232, 44 + Double(index / 3) * 20)
      return element(
        "rect", ["x": at(x), "y": at(y - 10), "width": "12", "height": "12", "fill": seriesColor(index)])
        + label(series.name, x: x + 18, y: y, style: "tick")
    }
    let paper = element("rect", ["width": "100%", "height": "100%", "fill": "var(--paper)"])
    let content = element("style", [:], reportStyle) + paper + label(title, x: 64, y: 22, style: "axis")
    return frame.drawing(title, content + legend.joined() + (lines(in: frame) ?? "")) + "\n"
  }
}
