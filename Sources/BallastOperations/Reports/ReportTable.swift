/// Rows and columns for a terminal or a report; columns of numbers are aligned to the right.
public struct ReportTable: Hashable, Sendable {
  /// What the table shows; empty for none.
  public var title: String
  /// The heads of the columns.
  public var columns: [String]
  /// The rows; one that is too short is filled with empty cells, what is too much is left out.
  public var rows: [[String]]

  /// States a table.
  public init(title: String = "", columns: [String], rows: [[String]]) {
    self.title = title
    self.columns = columns
    self.rows = rows
  }

  /// The table as aligned plain text, a line a row, without trailing spaces.
  public var text: String {
    let widths = columns.indices.map { column in
      max(columns[column].count, rows.map { cell($0, column).count }.max() ?? 0)
    }
    let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: "  ")
    let lines = [line(columns, widths), rule] + rows.map { line($0, widths) }
    return ((title.isEmpty ? [] : [title]) + lines).joined(separator: "\n") + "\n"
  }

  /// The cell of a row, without line ends; empty when the row is too short.
  func cell(_ row: [String], _ column: Int) -> String {
    guard row.indices.contains(column) else { return "" }
    return String(row[column].map { $0.isNewline || $0 == "\t" ? " " : $0 })
  }

  /// Whether a column holds numbers, with or without unit, and nothing else.
  func isNumeric(_ column: Int) -> Bool {
    let cells = rows.map { cell($0, column) }.filter { !$0.isEmpty && $0 != "–" }
    return !cells.isEmpty && cells.allSatisfy { $0.wholeMatch(of: /[-+−±]?[0-9].*/) != nil }
  }

  private func line(_ row: [String], _ widths: [Int]) -> String {
    let cells = columns.indices.map { column in
      let text = cell(row, column)
      let padding = String(repeating: " ", count: widths[column] - text.count)
      return isNumeric(column) ? padding + text : text + padding
    }
    let line = cells.joined(separator: "  ")
    return String(line.reversed().drop { $0 == " " }.reversed())
  }
}
