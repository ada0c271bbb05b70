import BallastRuntime

/// A stretch of recorded routing that counts as one kind of traffic.
public struct DriftSegment: Sendable {
  /// What tables call it.
  public let name: String
  /// The recording it is cut from.
  let trace: RoutingTrace
  /// Its rows: tokens of ids, recorded windows of counts.
  let rows: Range<Int>

  /// Cuts recordings into segments: each file is one, or every `segmentRows` rows of it.
  ///
  /// - Throws: `DriftFigureError.segmentRows`, `.mixedTraces`, `.tooFewWindows`.
  public static func cut(
    _ traces: [RoutingTrace], segmentRows: Int? = nil, windowRows: Int
  ) throws(DriftFigureError) -> [DriftSegment] {
    guard windowRows > 0 else { throw .windowRows(windowRows) }
    if let segmentRows, segmentRows < windowRows { throw .segmentRows(segmentRows, windowRows: windowRows) }
    var segments: [DriftSegment] = []
    for trace in traces {
      guard let first = traces.first, trace.layers == first.layers, trace.experts == first.experts else {
        throw .mixedTraces(file: trace.source)
      }
      let size = min(segmentRows ?? trace.rows, trace.rows)
      guard trace.rows >= windowRows else {
        throw .tooFewWindows(file: trace.source, rows: trace.rows, windowRows: windowRows)
      }
      let file = trace.source.split(separator: "/").last ?? ""
      let name = String(file.split(separator: ".").first ?? file)
      let count = trace.rows / size
      for part in 0..<count {
        segments.append(
          DriftSegment(
            name: count > 1 ? "\(name) \(part)" : name, trace: trace, rows: part * size..<(part + 1) * size))
      }
    }
    return segments
  }

  /// Its windows in the order they were recorded, `[window][layer][expert]`; a tail is left out.
  func windows(of windowRows: Int) -> [[[Int]]] {
    (0..<rows.count / windowRows).map { index in
      let first = rows.lowerBound + index * windowRows
      return loads(of: first..<first + windowRows)
    }
  }

  /// A window of as many rows drawn at random, in stretches of `stretch` that follow each other in the recording;
  /// nil for counts, which do not tell token from token.
  func resampled(windowRows: Int, stretch: Int, _ random: inout SplitMix64) -> [[Int]]? {
    guard case .selections(let selections) = trace else { return nil }
    let length = min(max(stretch, 1), rows.count)
    var loads = Array(repeating: Array(repeating: 0, count: trace.experts), count: trace.layers)
    var missing = windowRows
    while missing > 0 {
      // Stretches wrap around, so that every row is drawn equally often.
      let first = Int(random.next().multipliedFullWidth(by: UInt64(rows.count)).high)
      for step in 0..<min(length, missing) {
        selections.add(token: rows.lowerBound + (first + step) % rows.count, to: &loads)
      }
      missing -= length
    }
    return loads
  }

  private func loads(of range: Range<Int>) -> [[Int]] {
    switch trace {
    case .selections(let selections): selections.loads(of: range)
    case .loads(let table): table.loads(of: range)
    }
  }
}

extension SelectionTrace {
  /// Adds the choices of one token, `[layer][expert]`.
  fileprivate func add(token: Int, to loads: inout [[Int]]) {
    for layer in loads.indices {
      for assignment in assignments(token: token, layer: layer) { loads[layer][Int(choices[assignment])] += 1 }
    }
  }
}
