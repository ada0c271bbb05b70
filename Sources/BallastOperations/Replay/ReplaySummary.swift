public import Ballast

/// A replay's figures for the terminal.
public struct ReplaySummary {
  private let result: ReplayResult

  /// A summary of `result`.
  public init(_ result: ReplayResult) { self.result = result }

  /// Which windows had drifted from what was planned for; nil when none was looked at.
  private var drift: String? {
    let looked = result.windows.filter { $0.drift != nil }
    guard !looked.isEmpty else { return nil }
    let found = looked.filter { ($0.drift?.score ?? 0) > 1 }.map { "\($0.window)" }
    let least = looked.compactMap { $0.drift?.overlap }.min() ?? 1
    let shown = found.prefix(12).joined(separator: ", ") + (found.count > 12 ? ", …" : "")
    return found.isEmpty
      ? "none in \(looked.count) windows, least overlap \(fixed(least, 3))"
      : "in \(found.count) of \(looked.count) windows (\(shown)), least overlap \(fixed(least, 3))"
  }

  /// The figures, one a line.
  public var text: String {
    var rows: [(String, String)] = [
      ("policy", result.policy),
      ("windows judged", "\(result.windows.count)"),
      (
        "device imbalance",
        "\(fixed(result.mean, 4)) mean, \(fixed(result.p95, 4)) p95, \(fixed(result.worst, 4)) worst"
      ),
      ("expert imbalance", fixed(result.expertImbalance, 3)),
      ("replica imbalance", fixed(result.replicaImbalance, 3)),
      ("copies moved a tick", "\(fixed(result.copiesMovedShare * 100, 2)) %"),
      ("bytes moved", result.bytesMoved > 0 ? ByteCount(bytes: result.bytesMoved).description : "none"),
      ("simulated step", "\(fixed(result.stepMicroseconds, 1)) µs"),
      ("planner", "\(fixed(result.planMilliseconds, 2)) ms a window"),
    ]
    if let borrowed = result.borrowed, let bytes = result.borrowedBytes {
      rows.append(
        (
          "borrowed a batch",
          "\(fixed(borrowed, 1)) experts, \(ByteCount(bytes: Int(min(bytes, 0x1p62))).description) over links"
        ))
    }
    if let moves = result.tokenMoves, let far = result.tokenMovesBetweenNodes {
      rows.append(("moves of a token", "\(fixed(moves, 3)) between devices, \(fixed(far, 3)) between nodes"))
    }
    if let drift { rows.append(("drift", drift)) }
    let width = rows.map(\.0.count).max() ?? 0
    return rows.map { $0.0 + String(repeating: " ", count: width - $0.0.count + 2) + $0.1 }.joined(separator: "\n")
  }
}
