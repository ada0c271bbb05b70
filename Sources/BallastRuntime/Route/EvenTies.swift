extension BatchSplit {
  /// How exactly a calibrated cost law tells one division from another; lanes and planner treat less as a tie.
  package static var calibrationTie: Double { 0.05 }
}

extension Division {
  // Algorithm: bisection on the most tokens a replica may get. Under each bound the solved division gives up what
  // exceeds it, and the items that cannot exceed it are divided anew around that; the lowest bound is kept under
  // which the busiest device stays within the limit and the devices stay even.

  /// Relieves the busiest replica as far as the busiest device takes at most `limit`, and the devices stay even to a
  /// third of `tie`.
  ///
  /// Activation makes the solver gather an expert's tokens on few replicas. Where that saves less than the cost law
  /// can tell, more even shares are the safer choice: no replica becomes the one everybody waits for.
  mutating func evenTies(limit: Double, tie: Double, trials: Int) {
    var low = leastBusiest
    var high = busiestPiece
    guard high > low * (1 + tie) else { return }
    let unevenness = max(longest / meanTime, 1 + tie / 3)
    for trial in 0..<Self.bisections {
      let most = wholeTokens ? Self.roundedUp((low + high) / 2) : (low + high) / 2
      guard most < high else { break }
      if trial == 0 { noteSolved() }
      bound(most: most, limit: min(limit, meanTime * unevenness), trials: trials)
      if longest <= min(limit, meanTime * unevenness) {
        high = most
        noteSolved()
      } else {
        low = most
        restoreSolved()
      }
    }
  }

  private static var bisections: Int { 3 }

  private static func roundedUp(_ number: Double) -> Double {
    let floor = whole(number)
    return floor < number ? floor + 1 : floor
  }

  private var busiestPiece: Double {
    var most = 0.0
    for piece in 0..<pieceCount { most = max(most, tokens(piece)) }
    return most
  }

  /// No division can relieve the busiest replica further.
  private var leastBusiest: Double {
    var most = 0.0
    for item in 0..<itemCount { most = max(most, tokens(of: item) / Double(range(item).count)) }
    return most
  }

  /// Lowers every replica to `most`, then divides the items that cannot exceed it around the others.
  private mutating func bound(most: Double, limit: Double, trials allowed: Int) {
    var heavy = 0
    while heavy < movableCount, tokens(of: movable(heavy)) > most { heavy += 1 }
    for place in 0..<heavy { lowerPieces(movable(place), most: most) }
    var trials = allowed
    while trials > 0, longest > limit, relieveLongest(&trials, after: heavy) {}
  }

  /// What exceeds `most` on a replica of the item goes to its others, the idlest device first.
  private func lowerPieces(_ item: Int, most: Double) {
    var excess = 0.0
    let range = range(item)
    for piece in range where tokens(piece) > most {
      excess += tokens(piece) - most
      lower(piece, to: most)
    }
    while excess > 1e-9, let open = leastLoaded(range, below: most) {
      let room = min(excess, most - tokens(open))
      put(room, open)
      excess -= room
    }
    if excess > 1e-9 { put(excess, range.lowerBound) }
  }

  /// The piece with room whose device has least to do.
  private func leastLoaded(_ range: Range<Int>, below most: Double) -> Int? {
    var best: Int?
    for piece in range where tokens(piece) < most - 1e-9 {
      if let leader = best, time(of: leader) <= time(of: piece) { continue }
      best = piece
    }
    return best
  }
}
