extension Division {
  // Algorithm: with activation, using fewer replicas may be better than sharing the tokens among all of them. Each
  // item tries the sets of replicas it could use and keeps the one that presses least on its devices; then items
  // of the busiest device, and pairs of items that meet there, are divided anew as long as that shortens it.
  // Trials are counted and bounded, so the time is.

  /// What a division of one item is judged by.
  private enum Measure {
    /// A power of its devices' times, each times a scale: long devices count most, but none is free.
    case pressure(scale: Double, doublings: Int)
    /// The longest of its devices.
    case longest
  }

  /// Uses fewer replicas where sharing the tokens costs more than it saves.
  ///
  /// Stops when the busiest device takes no more than `enough`.
  mutating func saveActivations(enough: Double, trials limit: Int) {
    guard longest > enough else { return }
    var trials = limit
    for doublings in Self.powers where trials > 0 && longest > enough {
      for _ in 0..<Self.passesPerPower where trials > 0 {
        guard spread(doublings: doublings, &trials) else { break }
      }
    }
    trials = limit
    while trials > 0, longest > enough, relieveLongest(&trials) {}
    searchTogether(enough: enough, trials: limit)
  }

  /// Divides one item after another so that it presses least on its devices; false when all stay as they were.
  private mutating func spread(doublings: Int, _ trials: inout Int) -> Bool {
    let measure = Measure.pressure(scale: 1 / max(longest, .leastNormalMagnitude), doublings: doublings)
    var hasChanged = false
    for place in 0..<movableCount where trials > 0 {
      trials -= 1
      let item = movable(place)
      if divide(item, by: measure, below: value(of: item, by: measure) * (1 - 1e-9)) { hasChanged = true }
    }
    return hasChanged
  }

  /// Divides one or two items of the busiest device anew so that it is busiest no more; false when none does.
  ///
  /// The first `heavy` of the items with a choice stay as they are.
  mutating func relieveLongest(_ trials: inout Int, after heavy: Int = 0) -> Bool {
    let limit = longest * (1 - 1e-9)
    for place in heavy..<movableCount where uses(movable(place), above: limit) {
      let first = movable(place)
      trials -= 1
      if divide(first, by: .longest, below: limit) { return true }
      for other in heavy..<movableCount where other != place && meet(first, movable(other)) {
        if dividePair(first, movable(other), below: limit, &trials) { return true }
        if trials <= 0 { return false }
      }
    }
    return false
  }

  /// Gives one item the best division below the limit; when there is none, leaves it as it was.
  private mutating func divide(_ item: Int, by measure: Measure, below limit: Double) -> Bool {
    save(item)
    take(item)
    var best = limit
    var chosen: UInt8?
    for choice in choices(item) {
      pour(item, choice: .some(choice), wholeTokens: wholeTokens)
      let reached = value(of: item, by: measure)
      if reached < best {
        best = reached
        chosen = choice
      }
      take(item)
    }
    guard let chosen else {
      putBack(item)
      return false
    }
    pour(item, choice: .some(chosen), wholeTokens: wholeTokens)
    return true
  }

  private mutating func dividePair(
    _ first: Int, _ second: Int, below limit: Double, _ trials: inout Int
  ) -> Bool {
    save(first)
    save(second)
    take(first)
    take(second)
    var best = limit
    var chosen: (first: UInt8, second: UInt8)?
    for choice in choices(first) {
      pour(first, choice: .some(choice), wholeTokens: wholeTokens)
      for other in choices(second) where value(of: first, by: .longest) < best {
        pour(second, choice: .some(other), wholeTokens: wholeTokens)
        trials -= 1
        let reached = max(value(of: first, by: .longest), value(of: second, by: .longest))
        if reached < best {
          best = reached
          chosen = (choice, other)
        }
        take(second)
      }
      take(first)
    }
    guard let chosen else {
      putBack(first)
      putBack(second)
      return false
    }
    pour(first, choice: .some(chosen.first), wholeTokens: wholeTokens)
    pour(second, choice: .some(chosen.second), wholeTokens: wholeTokens)
    return true
  }

  private static var powers: ClosedRange<Int> { 2...6 }
  private static var passesPerPower: Int { 3 }

  /// Every set of the item's replicas.
  private func choices(_ item: Int) -> Range<UInt8> { 1..<UInt8(1) << UInt8(min(range(item).count, 5)) }

  private func value(of item: Int, by measure: Measure) -> Double {
    var value = 0.0
    for piece in range(item) {
      let time = time(of: piece)
      switch measure {
      case .pressure(let scale, let doublings):
        var power = time * scale
        for _ in 0..<doublings { power *= power }
        value += power
      case .longest: value = max(value, time)
      }
    }
    return value
  }

  private func uses(_ item: Int, above limit: Double) -> Bool {
    for piece in range(item) where tokens(piece) > 0 && time(of: piece) > limit { return true }
    return false
  }

  private func meet(_ first: Int, _ second: Int) -> Bool {
    for one in range(first) {
      for other in range(second) where device(one) == device(other) { return true }
    }
    return false
  }
}
