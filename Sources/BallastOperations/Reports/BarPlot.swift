/// Bars from left to right, a row of them for each label.
public struct BarPlot: Hashable, Sendable {
  /// How the series of one row stand.
  public enum Arrangement: Hashable, Sendable {
    /// Below one another.
    case grouped
    /// End to end.
    case stacked
    /// End to end, each row scaled to its whole.
    case shares
  }

  /// What the plot shows.
  public var title: String
  /// What the bars measure.
  public var axis: PlotAxis
  /// The label of each row.
  public var rows: [String]
  /// The series, each with a value a row; `x` is not used.
  public var series: [PlotSeries]
  /// How the series of one row stand.
  public var arrangement: Arrangement

  /// States a plot; values that are negative or no number are drawn as nothing.
  public init(
    title: String, axis: PlotAxis, rows: [String], series: [PlotSeries], arrangement: Arrangement = .grouped
  ) {
    self.title = title
    self.axis = axis
    self.rows = rows
    self.series = series
    self.arrangement = arrangement
  }

  /// The plot as an SVG drawing.
  var drawing: String {
    let values = rows.indices.map { row in series.map { Self.shown($0.y, row) } }
    var axis = axis
    axis.includes = 0
    axis.scale = .linear
    let ends = arrangement == .grouped ? values.flatMap { $0 } : values.map { $0.reduce(0, +) }
    let scaled = PlotScale(axis, values: arrangement == .shares ? [0, 100] : ends)
    guard let across = scaled, !rows.isEmpty, !series.isEmpty else { return emptyDrawing(title) }
    let rowHeight = arrangement == .grouped ? 14 * Double(series.count) + 12 : 30
    let longest = Double(rows.map(\.count).max() ?? 0)
    let frame = PlotFrame(
      width: 760, height: rowHeight * Double(rows.count) + 62, left: min(max(60, longest * 7 + 16), 260), right: 60,
      top: 14, bottom: 48)
    let bars = rows.indices.map { row in
      let middle = frame.top + rowHeight * (Double(row) + 0.5)
      return label(excerpt(rows[row], limit: 34), x: frame.left - 8, y: middle + 4, style: "tick end")
        + drawnRow(row, values[row], middle: middle, across, frame)
    }
    return frame.drawing(title, frame.columns(across, axis) + bars.joined())
  }

  private func drawnRow(_ row: Int, _ values: [Double], middle: Double, _ across: PlotScale, _ frame: PlotFrame)
    -> String
  {
    let whole = values.reduce(0, +)
    var start = 0.0
    return values.enumerated().map { index, value in
      let size = arrangement == .shares ? (whole > 0 ? value / whole * 100 : 0) : value
      let first = frame.x(across.share(start))
      let last = frame.x(across.share(start + size))
      let isGrouped = arrangement == .grouped
      let y = isGrouped ? middle - 7 * Double(values.count) + 14 * Double(index) + 1 : middle - 10
      if !isGrouped { start += size }
      let note = "\(series[index].name), \(rows[row]): \(shortNumber(size)) \(arrangement == .shares ? "%" : axis.unit)"
      let bar = element(
        "rect",
        [
          "x": at(first), "y": at(y), "width": at(max(last - first, 0)), "height": isGrouped ? "12" : "20", "rx": "1.5",
          "fill": seriesColor(index),
        ], element("title", [:], escaped(note)))
      return bar + (isGrouped ? label(shortNumber(value), x: last + 6, y: y + 10, style: "tick") : "")
    }.joined()
  }

  private static func shown(_ values: [Double], _ row: Int) -> Double {
    guard values.indices.contains(row), values[row] >= 0, values[row] < 1e100 else { return 0 }
    return values[row]
  }
}
