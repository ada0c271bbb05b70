extension Division {
  // Algorithm: where a device computes one expert's tokens faster than another's, moving one expert at a time comes
  // to rest before the optimum: two would have to change places. Sweeps over a smooth measure do not: the sum of a
  // power of the devices' times falls until it is least, and the higher the power the nearer its least is to that of
  // the busiest device. Its water filling is the same, but for levels in proportion to the root of a replica's
  // speed. The power doubles from stage to stage, so that each begins near its end.

  /// Lets items trade places on devices, until the busiest is within a part in five hundred of the least it can take.
  mutating func trade(bound: Double, shortestToken: Double) {
    guard shortestToken > 0, longest > bound * (1 + Self.nearness) else { return }
    for place in 0..<movableCount {
      for piece in range(movable(place)) { scratch.weights[piece] = shortestToken / perToken(piece) }
    }
    for _ in 0..<Self.firstRoots { takeRoots() }
    isWeighing = true
    for roots in Self.firstRoots...Self.lastRoots {
      for _ in 0..<Self.sweepsPerStage { pourAll() }
      if longest <= max(bound, leastLongest(roots: roots)) * (1 + Self.nearness) { break }
      takeRoots()
    }
    isWeighing = false
    for _ in 0..<2 { pourAll() }
  }

  private static var nearness: Double { 0.002 }
  private static var firstRoots: Int { 3 }
  private static var lastRoots: Int { 10 }
  private static var sweepsPerStage: Int { 8 }

  private func takeRoots() {
    for place in 0..<movableCount {
      for piece in range(movable(place)) { scratch.weights[piece] = scratch.weights[piece].squareRoot() }
    }
  }

  private mutating func pourAll() {
    for place in 0..<movableCount {
      take(movable(place))
      pour(movable(place))
    }
  }

  /// No division can make the busiest device take less: at prices of the devices' time that a power of their times
  /// sets, the work costs as much wherever it is cheapest.
  private func leastLongest(roots: Int) -> Double {
    let longest = longest
    var prices = 0.0
    var cost = 0.0
    for device in 0..<deviceCount {
      var price = time(ofDevice: device) / longest
      for _ in 0..<roots { price *= price }
      places[itemCount + device] = Int(bitPattern: UInt(price.bitPattern))
      prices += price
      cost += price * time(ofDevice: device)
    }
    for place in 0..<movableCount {
      var least = Double.infinity
      var paid = 0.0
      for piece in range(movable(place)) {
        let price = Double(bitPattern: UInt64(UInt(bitPattern: places[itemCount + device(piece)])))
        least = min(least, price * perToken(piece))
        paid += price * perToken(piece) * tokens(piece)
      }
      cost += least * tokens(of: movable(place)) - paid
    }
    return cost / prices
  }
}
