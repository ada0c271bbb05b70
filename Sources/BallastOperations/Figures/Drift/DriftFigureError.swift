/// Why drift cannot be shown as asked.
public enum DriftFigureError: Error, Hashable, CustomStringConvertible {
  /// A window has no rows.
  case windowRows(Int)
  /// A segment is shorter than a window.
  case segmentRows(Int, windowRows: Int)
  /// The recordings are of different models.
  case mixedTraces(file: String)
  /// A recording is shorter than a window.
  case tooFewWindows(file: String, rows: Int, windowRows: Int)
  /// A quantity is not in its range.
  case outOfRange(name: String, value: Double, allowed: ClosedRange<Double>)

  /// The fact, with the value and the limit.
  public var description: String {
    switch self {
    case .windowRows(let rows): "a window of \(rows) rows; it must have at least 1"
    case .segmentRows(let rows, let windowRows):
      "segments of \(rows) rows hold no window of \(windowRows); make them longer or the window shorter"
    case .mixedTraces(let file): "\(file) has other layers or experts than the traces before it"
    case .tooFewWindows(let file, let rows, let windowRows):
      "\(file) has \(rows) rows, fewer than a window of \(windowRows); take a smaller window"
    case .outOfRange(let name, let value, let allowed):
      "\(name) is \(value); allowed is \(allowed.lowerBound) to \(allowed.upperBound)"
    }
  }
}
