extension Division {
  /// Divides the items; see `BatchSplit.solve`.
  mutating func solve(
    sweeps: Int, tie: Double, effort: BatchSplit.Effort, hasActivation: Bool, shortestToken: Double,
    openDevices: Int, mixesCosts: Bool
  ) {
    putFixed()
    guard movableCount > 0 else { return }
    let bound = leastLongest(floor: longest, openDevices: openDevices)
    // Where touching a replica costs, a lane does not seek a part of a tie.
    let enough = bound * (1 + (wholeTokens && hasActivation ? tie / 10 : 0) + 1e-9)
    splitEvenly()
    let even = longest
    if even <= enough { return }
    noteEven()
    takeAll()
    sortMovable()
    for place in 0..<movableCount { pour(movable(place)) }
    sweep(sweeps, enough: enough, worthwhile: wholeTokens ? shortestToken / 8 : 0)
    if mixesCosts { trade(bound: bound, shortestToken: shortestToken) }
    if wholeTokens { roundToWholeTokens() }
    let trials = effort.trials(longest: longest)
    if hasActivation, trials > 0 { saveActivations(enough: enough, trials: trials) }
    if longest >= even * (1 - 1e-9) { return restoreEven() }
    guard tie > 0, hasActivation else { return }
    evenTies(limit: min(longest * (1 + tie), even), tie: tie, trials: trials)
  }

  /// No division can make the busiest device take less: what has no choice, what each item needs by itself, and the
  /// work that must be done somewhere, shared by all devices.
  private func leastLongest(floor: Double, openDevices: Int) -> Double {
    var sum = 0.0
    for device in 0..<deviceCount { sum += time(ofDevice: device) }
    var most = max(floor, 0)
    for place in 0..<movableCount {
      sum += leastWork(of: movable(place))
      most = max(most, leastAlone(movable(place)))
    }
    return max(most, sum / Double(max(openDevices, 1)))
  }

  /// The least the busiest device of one item takes, were no other item with a choice there: all on one replica, or
  /// some on the second best.
  private func leastAlone(_ item: Int) -> Double {
    var whole = Double.infinity
    var (best, second) = (Double.infinity, Double.infinity)
    for piece in range(item) {
      let entry = entryTime(piece)
      whole = min(whole, entry + tokens(of: item) * perToken(piece))
      second = min(second, max(best, entry))
      best = min(best, entry)
    }
    return min(whole, second)
  }

  /// The least nanoseconds an item can cost all devices together.
  func leastWork(of item: Int) -> Double {
    var least = Double.infinity
    for piece in range(item) {
      least = min(least, (sharesReplicas ? 0 : activation(piece)) + tokens(of: item) * perToken(piece))
    }
    return least
  }

  /// Pours every item anew until that stops helping, or the busiest device takes no more than is enough.
  ///
  /// Rounding to whole tokens moves the end by about a token, so a small part of one is not worth another sweep.
  private mutating func sweep(_ sweeps: Int, enough: Double, worthwhile: Double) {
    var before = longest
    for _ in 0..<sweeps where before > enough {
      for place in 0..<movableCount {
        take(movable(place))
        pour(movable(place))
      }
      let after = longest
      if after > before * (1 - 1e-5) - worthwhile { break }
      before = after
    }
  }
}
