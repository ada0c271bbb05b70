/// Why traces cannot be cut into windows as asked.
public enum TraceWindowsError: Error, CustomStringConvertible {
  /// The trace file is not usable.
  case trace(ArrayError)
  /// Files of one replay differ in layers or experts.
  case mixedTraces(file: String, layers: Int, experts: Int, expectedLayers: Int, expectedExperts: Int)
  /// Batches were asked for on a trace of counts.
  case batchesOfCounts(file: String)
  /// Fewer than two windows: nothing to judge.
  case tooFewWindows(files: [String], windows: Int, rowsPerWindow: Int, rows: [Int])

  /// The fact, with the value, the limit and what to do.
  public var description: String {
    switch self {
    case .trace(let error): error.description
    case .mixedTraces(let file, let layers, let experts, let expectedLayers, let expectedExperts):
      "\(file) has \(layers) layers of \(experts) experts, the traces before it \(expectedLayers) of \(expectedExperts)"
    case .batchesOfCounts(let file): "\(file) holds counts, which have no batches; leave --batch out"
    case .tooFewWindows(let files, let windows, let rowsPerWindow, let rows):
      "\(files.joined(separator: ", ")) of \(rows.map(String.init).joined(separator: ", ")) rows: "
        + "\(windows) whole windows of \(rowsPerWindow); at least 2 are needed, so take a smaller --window"
    }
  }
}
