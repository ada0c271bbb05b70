extension BatchSplit {
  // Algorithm: bisection on the most tokens a replica may get. Under each bound the solved division gives up what
  // exceeds it, and the items that cannot exceed it are divided anew around that; the lowest bound is kept under
  // which the busiest device stays within the limit and the devices stay even.

  /// How exactly a calibrated cost law tells one division from another; lanes and planner treat less as a tie.
  package static var calibrationTie: Double { 0.05 }

  /// Relieves the busiest replica as far as the busiest device takes at most `limit`, and the devices stay even to a
  /// third of `tie`.
  ///
  /// Activation makes the solver gather an expert's tokens on few replicas. Where that saves less than the cost law
  /// can tell, more even shares are the safer choice: no replica becomes the one everybody waits for.
  mutating func evenTies(_ graph: ReplicaGraph, limit: Double, tie: Double, wholeTokens: Bool, trials: Int) {
    var low = leastBusiest
    var high = busiestPiece
    guard high > low * (1 + tie) else { return }
    let unevenness = max(longest / meanTime, 1 + tie / 3)
    remember()
    for _ in 0..<Self.bisections {
      let most = wholeTokens ? ((low + high) / 2).rounded(.up) : (low + high) / 2
      guard most < high else { break }
      bound(graph, most: most, wholeTokens: wholeTokens, limit: min(limit, meanTime * unevenness), trials: trials)
      if longest <= min(limit, meanTime * unevenness) {
        high = most
        remember()
      } else {
        low = most
        recall(graph)
      }
    }
  }

  private var meanTime: Double { deviceTimes.reduce(0, +) / Double(max(deviceTimes.count, 1)) }

  private static var bisections: Int { 3 }

  private var busiestPiece: Double { pieces.reduce(0) { max($0, $1.tokens) } }

  /// No division can relieve the busiest replica further.
  private var leastBusiest: Double {
    items.reduce(0) { max($0, $1.tokens / Double($1.pieces.count)) }
  }

  private mutating func remember() {
    solvedTokens.removeAll(keepingCapacity: true)
    for piece in pieces { solvedTokens.append(piece.tokens) }
  }

  private mutating func recall(_ graph: ReplicaGraph) {
    for item in movable { take(item, graph) }
    for item in movable { restore(solvedTokens, item, graph) }
  }

  /// Lowers every replica to `most`, then divides the items that cannot exceed it around the others.
  private mutating func bound(
    _ graph: ReplicaGraph, most: Double, wholeTokens: Bool, limit: Double, trials allowed: Int
  ) {
    let heavy = movable.firstIndex { items[$0].tokens <= most } ?? movable.count
    for item in movable.prefix(heavy) { lowerPieces(item, graph, most: most) }
    var trials = allowed
    while trials > 0, longest > limit, relieveLongest(graph, wholeTokens, &trials, after: heavy) {}
  }

  /// What exceeds `most` on a replica of the item goes to its others, the idlest device first.
  private mutating func lowerPieces(_ item: Int, _ graph: ReplicaGraph, most: Double) {
    var excess = 0.0
    let range = items[item].pieces
    for piece in range where pieces[piece].tokens > most {
      excess += pieces[piece].tokens - most
      lower(piece, to: most, graph)
    }
    while excess > 1e-9, let open = leastLoaded(range, below: most) {
      let room = min(excess, most - pieces[open].tokens)
      put(room, open, graph)
      excess -= room
    }
    if excess > 1e-9 { put(excess, range.lowerBound, graph) }
  }

  /// The piece with room whose device has least to do.
  private func leastLoaded(_ range: Range<Int>, below most: Double) -> Int? {
    var best: Int?
    for piece in range where pieces[piece].tokens < most - 1e-9 {
      if let leader = best, deviceTimes[pieces[leader].device] <= deviceTimes[pieces[piece].device] { continue }
      best = piece
    }
    return best
  }
}
