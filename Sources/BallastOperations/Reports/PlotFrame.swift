/// The rectangle a plot is drawn in, and the space its labels take around it.
struct PlotFrame {
  let width: Double
  let height: Double
  let left: Double
  let right: Double
  let top: Double
  let bottom: Double

  var innerWidth: Double { width - left - right }
  var innerHeight: Double { height - top - bottom }

  func x(_ share: Double) -> Double { left + share * innerWidth }
  func y(_ share: Double) -> Double { top + (1 - share) * innerHeight }

  /// A whole drawing of this size.
  func drawing(_ title: String, _ content: String) -> String {
    element(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "viewBox": "0 0 \(at(width)) \(at(height))", "role": "img",
        "style": "max-width:\(at(width))px", "aria-label": title,
      ], content)
  }

  /// Lines and labels of both axes.
  func grid(across: PlotScale, up: PlotScale, x xAxis: PlotAxis, y yAxis: PlotAxis) -> String {
    let rows = up.ticks.map { tick in
      line(left, y(up.share(tick)), width - right, y(up.share(tick)), "grid")
        + label(up.label(tick), x: left - 8, y: y(up.share(tick)) + 4, style: "tick end")
    }
    return rows.joined() + columns(across, xAxis)
      + label(yAxis.caption, x: 14, y: top + innerHeight / 2, style: "axis middle", turned: true)
  }

  /// Ticks and caption of the axis from left to right.
  func columns(_ across: PlotScale, _ axis: PlotAxis) -> String {
    let ticks = across.ticks.map { tick in
      line(x(across.share(tick)), top + innerHeight, x(across.share(tick)), top + innerHeight + 4, "grid")
        + label(across.label(tick), x: x(across.share(tick)), y: top + innerHeight + 18, style: "tick middle")
    }
    return ticks.joined() + line(left, top + innerHeight, width - right, top + innerHeight, "edge")
      + label(axis.caption, x: left + innerWidth / 2, y: height - 8, style: "axis middle")
  }

  private func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) -> String {
    element("line", ["x1": at(x1), "y1": at(y1), "x2": at(x2), "y2": at(y2), "class": style])
  }
}

/// What stands for a plot without values.
func emptyDrawing(_ title: String) -> String {
  PlotFrame(width: 760, height: 60, left: 0, right: 0, top: 0, bottom: 0)
    .drawing(title, label("no values", x: 380, y: 34, style: "axis middle"))
}

/// The colour of the series at `index`; after eight they repeat.
func seriesColor(_ index: Int) -> String { "var(--series-\(index % 8 + 1))" }
