public import Ballast

/// A replay's figures for the terminal.
public struct ReplaySummary {
  private let result: ReplayResult

  /// A summary of `result`.
  public init(_ result: ReplayResult) { self.result = result }

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
    let width = rows.map(\.0.count).max() ?? 0
    return rows.map { $0.0 + String(repeating: " ", count: width - $0.0.count + 2) + $0.1 }.joined(separator: "\n")
  }
}
