extension BatchSplit {
  // Algorithm: bisection on the most tokens a replica may get. Under each bound the items are poured anew, none of
  // their replicas beyond it; the lowest bound under which the busiest device takes at most `tie` longer is kept.

  /// How exactly a calibrated cost law tells one division from another; lanes and planner treat less as a tie.
  package static var calibrationTie: Double { 0.02 }

  /// Relieves the busiest replica as far as the busiest device takes at most `tie` longer for it.
  ///
  /// Activation makes the solver gather an expert's tokens on few replicas. Where that saves less than the cost law
  /// can tell, more even shares are the safer choice: no replica becomes the one everybody waits for.
  mutating func evenTies(_ graph: ReplicaGraph, within tie: Double) {
    var low = leastBusiest
    var high = busiestPiece
    guard high > low * (1 + tie) else { return }
    let limit = longest * (1 + tie)
    remember()
    for _ in 0..<Self.bisections {
      let most = (low + high) / 2
      pourAll(graph, most: most)
      if longest <= limit {
        high = most
        remember()
      } else {
        low = most
      }
    }
    for item in movable { take(item, graph) }
    for item in movable { restore(solvedTokens, item, graph) }
  }

  private static var bisections: Int { 5 }
  private static var boundedSweeps: Int { 2 }

  private var busiestPiece: Double { pieces.reduce(0) { max($0, $1.tokens) } }

  /// No division can relieve the busiest replica further.
  private var leastBusiest: Double {
    items.reduce(0) { max($0, $1.tokens / Double($1.pieces.count)) }
  }

  private mutating func remember() {
    solvedTokens.removeAll(keepingCapacity: true)
    for piece in pieces { solvedTokens.append(piece.tokens) }
  }

  private mutating func pourAll(_ graph: ReplicaGraph, most: Double) {
    for item in movable { take(item, graph) }
    for item in movable { pourBounded(item, graph, most: most) }
    for _ in 0..<Self.boundedSweeps {
      for item in movable {
        take(item, graph)
        pourBounded(item, graph, most: most)
      }
    }
  }

  /// Pours an item that was taken out; what would exceed `most` on a replica goes to the item's others.
  private mutating func pourBounded(_ item: Int, _ graph: ReplicaGraph, most: Double) {
    pour(item, graph)
    var excess = 0.0
    let range = items[item].pieces
    for piece in range where pieces[piece].tokens > most {
      excess += pieces[piece].tokens - most
      lower(piece, to: most, graph)
    }
    while excess > 1e-9 {
      guard let open = leastLoaded(range, below: most, graph) else { break }
      let room = min(excess, most - pieces[open].tokens)
      put(room, open, graph)
      excess -= room
    }
    if excess > 0 { put(excess, range.lowerBound, graph) }
  }

  /// The piece with room whose device has least to do.
  private func leastLoaded(_ range: Range<Int>, below most: Double, _ graph: ReplicaGraph) -> Int? {
    var best: Int?
    for piece in range where pieces[piece].tokens < most - 1e-9 {
      if let leader = best, deviceTimes[pieces[leader].device] <= deviceTimes[pieces[piece].device] { continue }
      best = piece
    }
    return best
  }
}
