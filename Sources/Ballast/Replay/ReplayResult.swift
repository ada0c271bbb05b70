/// What a replay showed, window by window and in all.
public struct ReplayResult: Codable, Sendable {
  /// Who placed the replicas.
  public let policy: String
  /// Every judged window, in order.
  public let windows: [ReplayWindow]
  /// Device imbalance, mean over windows.
  public let mean: Double
  /// Device imbalance that nineteen windows in twenty do not exceed.
  public let p95: Double
  /// The largest device imbalance of a window.
  public let worst: Double
  /// Copies moved a tick over all copies, mean over the ticks that are counted.
  public let copiesMovedShare: Double
  /// Bytes staged in all.
  public let bytesMoved: Int
  /// Microseconds the simulated cluster took for a batch, mean over windows.
  public let stepMicroseconds: Double
  /// Milliseconds the planner took, mean over windows.
  public let planMilliseconds: Double
  /// Experts · busiest expert / total, mean over windows.
  public let expertImbalance: Double
  /// Experts · busiest replica / total, mean over windows.
  public let replicaImbalance: Double
  /// Replicas borrowed for a batch, all layers, mean over windows; nil where nothing may be borrowed.
  public let borrowed: Double?
  /// Bytes they take over the links.
  public let borrowedBytes: Double?
  /// Times a token changed device between layers, mean over windows; nil when the trace does not tell.
  public let tokenMoves: Double?
  /// Those of them that led to another node.
  public let tokenMovesBetweenNodes: Double?

  init(policy: ReplayPolicy, windows: [ReplayWindow], copies: Int, bytesPerCopy: Int = 0) {
    self.policy = policy.rawValue
    self.windows = windows
    let count = Double(max(windows.count, 1))
    let imbalances = windows.map(\.deviceImbalance).sorted()
    mean = imbalances.reduce(0, +) / count
    p95 = imbalances.isEmpty ? 1 : imbalances[min(imbalances.count - 1, Int((0.95 * count).rounded(.up)) - 1)]
    worst = imbalances.last ?? 1
    let counted = windows.dropFirst()
    let moved = counted.reduce(0) { $0 + $1.copiesMoved }
    copiesMovedShare = Double(moved) / Double(max(copies * counted.count, 1))
    bytesMoved = counted.reduce(0) { $0 + $1.bytesMoved }
    stepMicroseconds = windows.reduce(0) { $0 + $1.stepMicroseconds } / count
    planMilliseconds = windows.reduce(0) { $0 + $1.planMilliseconds } / count
    expertImbalance = windows.reduce(0) { $0 + $1.expertImbalance } / count
    replicaImbalance = windows.reduce(0) { $0 + $1.replicaImbalance } / count
    let loans = windows.compactMap(\.borrowed)
    borrowed = loans.isEmpty ? nil : loans.reduce(0, +) / Double(loans.count)
    borrowedBytes = borrowed.map { $0 * Double(bytesPerCopy) }
    let moves = windows.compactMap(\.tokenMoves)
    let far = windows.compactMap(\.tokenMovesBetweenNodes)
    tokenMoves = moves.isEmpty ? nil : moves.reduce(0, +) / Double(moves.count)
    tokenMovesBetweenNodes = far.isEmpty ? nil : far.reduce(0, +) / Double(far.count)
  }
}
