/// Lines over a common axis.
public struct LinePlot: Hashable, Sendable {
  /// What the plot shows.
  public var title: String
  /// The axis from left to right.
  public var x: PlotAxis
  /// The axis from bottom to top.
  public var y: PlotAxis
  /// The lines.
  public var series: [PlotSeries]

  /// States a plot.
  public init(title: String, x: PlotAxis, y: PlotAxis, series: [PlotSeries]) {
    self.title = title
    self.x = x
    self.y = y
    self.series = series
  }

  /// The plot as an SVG drawing.
  var drawing: String {
    let frame = PlotFrame(width: 760, height: 320, left: 64, right: 20, top: 14, bottom: 48)
    return lines(in: frame).map { frame.drawing(title, $0) } ?? emptyDrawing(title)
  }

  /// The axes and lines; nil when there is nothing to show.
  func lines(in frame: PlotFrame) -> String? {
    guard let across = PlotScale(x, values: series.flatMap(\.x), ends: .values),
      let up = PlotScale(y, values: series.flatMap(\.y))
    else { return nil }
    let lines = series.enumerated().map { index, series in
      element(
        "path",
        [
          "d": Self.path(series, across, up, frame), "class": "line",
          "stroke": seriesColor(index),
        ], element("title", [:], escaped(series.name)))
    }
    return frame.grid(across: across, up: up, x: x, y: y) + lines.joined()
  }

  private static func path(_ series: PlotSeries, _ across: PlotScale, _ up: PlotScale, _ frame: PlotFrame) -> String {
    var path = ""
    var isDrawing = false
    for (x, y) in thinned(Array(zip(series.x, series.y))) {
      guard across.shows(x), up.shows(y) else {
        isDrawing = false
        continue
      }
      let point = at(frame.x(across.share(x))) + " " + at(frame.y(up.share(y)))
      // A line of no length makes a point that stands alone a dot.
      path += isDrawing ? "L\(point)" : "M\(point)h0"
      isDrawing = true
    }
    return path.isEmpty ? "M0 0" : path
  }

  /// At most a few points a pixel: of each stretch the lowest and the highest, so that no peak is lost.
  private static func thinned(_ points: [(Double, Double)]) -> [(Double, Double)] {
    let stretch = points.count / 760
    guard stretch > 2 else { return points }
    return stride(from: 0, to: points.count, by: stretch).flatMap { first -> [(Double, Double)] in
      let part = points[first..<min(first + stretch, points.count)]
      guard let low = part.indices.min(by: { part[$0].1 < part[$1].1 }),
        let high = part.indices.max(by: { part[$0].1 < part[$1].1 })
      else { return [] }
      return low == high ? [part[low]] : [part[min(low, high)], part[max(low, high)]]
    }
  }
}
