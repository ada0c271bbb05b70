/// A grid of values shown by how dark they are.
public struct HeatMap: Hashable, Sendable {
  /// What the map shows.
  public var title: String
  /// What the rows are, such as `layer`.
  public var rowTitle: String
  /// What the columns are, such as `device`.
  public var columnTitle: String
  /// The label of each row; as many as `values` has rows.
  public var rows: [String]
  /// The label of each column.
  public var columns: [String]
  /// `[row][column]`; a value that is not finite leaves its cell empty.
  public var values: [[Double]]

  /// States a map.
  public init(
    title: String, rowTitle: String, columnTitle: String, rows: [String], columns: [String], values: [[Double]]
  ) {
    self.title = title
    self.rowTitle = rowTitle
    self.columnTitle = columnTitle
    self.rows = rows
    self.columns = columns
    self.values = values
  }

  /// The map as an SVG drawing, its legend at the foot.
  var drawing: String {
    let shown = values.flatMap { $0 }.filter { abs($0) < 1e100 }
    guard let low = shown.min(), let high = shown.max(), !rows.isEmpty, !columns.isEmpty else {
      return emptyDrawing(title)
    }
    let cellWidth = min(max(676 / Double(columns.count), 2), 72)
    let cellHeight = min(max(640 / Double(rows.count), 5), 20)
    let longest = Double(rows.map(\.count).max() ?? 0)
    let left = min(max(longest * 7 + 40, 64), 220)
    let frame = PlotFrame(
      width: left + max(cellWidth * Double(columns.count), 240) + 20, height: cellHeight * Double(rows.count) + 100,
      left: left, right: 20, top: 8, bottom: 92)
    let cells = rows.indices.map { row in
      columns.indices.map { cell(row, $0, low...high, width: cellWidth, height: cellHeight, frame) }.joined()
    }
    return frame.drawing(
      title, cells.joined() + labels(frame, cellWidth, cellHeight) + legend(low...high, frame))
  }

  private func cell(
    _ row: Int, _ column: Int, _ range: ClosedRange<Double>, width: Double, height: Double, _ frame: PlotFrame
  ) -> String {
    guard values.indices.contains(row), values[row].indices.contains(column), abs(values[row][column]) < 1e100
    else { return "" }
    let value = values[row][column]
    let x = frame.left + Double(column) * width
    let y = frame.top + Double(row) * height
    let strength = Self.strength(value, range)
    let note = "\(rowTitle) \(rows[row]), \(columnTitle) \(columns[column]): \(shortNumber(value))"
    let square = element(
      "rect",
      [
        "x": at(x), "y": at(y), "width": at(max(width - 1, 1)), "height": at(max(height - 1, 1)), "class": "heat",
        "fill-opacity": fixed(strength, digits: 3),
      ], element("title", [:], escaped(note)))
    guard width >= 40, height >= 13 else { return square }
    let style = strength > 0.55 ? "cell middle strong" : "cell middle"
    let written = abs(value) < 100 ? fixed(value, digits: 2) : shortNumber(value)
    return square + label(written, x: x + width / 2 - 0.5, y: y + height / 2 + 3.5, style: style)
  }

  private func labels(_ frame: PlotFrame, _ width: Double, _ height: Double) -> String {
    let everyRow = max(1, Int((13 / height).rounded(.up)))
    let widest = Double(columns.map(\.count).max() ?? 1) * 7 + 6
    let everyColumn = max(1, Int((widest / width).rounded(.up)))
    let bottom = frame.top + frame.innerHeight
    let names = stride(from: 0, to: rows.count, by: everyRow).map { row in
      label(
        excerpt(rows[row], limit: 26), x: frame.left - 6, y: frame.top + (Double(row) + 0.5) * height + 4,
        style: "tick end")
    }
    let heads = stride(from: 0, to: columns.count, by: everyColumn).map { column in
      label(columns[column], x: frame.left + (Double(column) + 0.5) * width, y: bottom + 16, style: "tick middle")
    }
    let middle = frame.left + width * Double(columns.count) / 2
    return names.joined() + heads.joined() + label(columnTitle, x: middle, y: bottom + 36, style: "axis middle")
      + label(rowTitle, x: 14, y: frame.top + frame.innerHeight / 2, style: "axis middle", turned: true)
  }

  private func legend(_ range: ClosedRange<Double>, _ frame: PlotFrame) -> String {
    let steps = 24
    let y = frame.height - 36
    let boxes = (0..<steps).map { step in
      let value = range.lowerBound + (range.upperBound - range.lowerBound) * Double(step) / Double(steps - 1)
      return element(
        "rect",
        [
          "x": at(frame.left + Double(step) * 8), "y": at(y), "width": "8", "height": "10", "class": "heat",
          "fill-opacity": fixed(Self.strength(value, range), digits: 3),
        ])
    }
    return boxes.joined() + label(shortNumber(range.lowerBound), x: frame.left, y: y + 24, style: "tick")
      + label(shortNumber(range.upperBound), x: frame.left + Double(steps) * 8, y: y + 24, style: "tick end")
  }

  private static func strength(_ value: Double, _ range: ClosedRange<Double>) -> Double {
    let span = range.upperBound - range.lowerBound
    return 0.06 + 0.94 * (span > 0 ? (value - range.lowerBound) / span : 0.5)
  }
}
