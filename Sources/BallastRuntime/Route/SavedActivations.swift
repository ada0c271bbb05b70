extension BatchSplit {
  // Algorithm: with activation, using fewer replicas may be better than sharing the tokens among all of them. Each
  // item tries the sets of replicas it could use and keeps the one that presses least on its devices; then items
  // of the busiest device, and pairs of items that meet there, are divided anew as long as that shortens it.
  // Trials are counted and bounded, so the time is.

  /// Which of an item's replicas may be used.
  enum Choice {
    /// Every one.
    case all
    /// The ones whose bit is set; the positions from the fifth on share a bit.
    case some(UInt8)

    func allows(_ position: Int) -> Bool {
      switch self {
      case .all: true
      case .some(let bits): bits >> UInt8(min(position, 4)) & 1 == 1
      }
    }
  }

  /// What a division of one item is judged by.
  private enum Measure {
    /// Fourth powers of its devices' times, each times a scale: long devices count most, but none is free.
    case pressure(scale: Double)
    /// The longest of its devices.
    case longest
  }

  /// Uses fewer replicas where sharing the tokens costs more than it saves.
  ///
  /// Stops when the busiest device takes no more than `floor`, which it does without any item that has a choice.
  mutating func saveActivations(_ graph: ReplicaGraph, wholeTokens: Bool, floor: Double, trials limit: Int) {
    let measure = Measure.pressure(scale: 1 / max(longest, .leastNormalMagnitude))
    for item in movable.prefix(limit) {
      let value = value(of: item, by: measure) * (1 - 1e-9)
      _ = divide(item, graph, wholeTokens, by: measure, below: value)
    }
    var trials = limit
    while trials > 0, longest > floor * (1 + 1e-9), relieveLongest(graph, wholeTokens, &trials) {}
  }

  /// Divides one or two items of the busiest device anew so that it is busiest no more; false when none does.
  ///
  /// The first `heavy` of the items with a choice stay as they are.
  mutating func relieveLongest(
    _ graph: ReplicaGraph, _ wholeTokens: Bool, _ trials: inout Int, after heavy: Int = 0
  ) -> Bool {
    let limit = longest * (1 - 1e-9)
    for first in movable.dropFirst(heavy) where uses(first, above: limit) {
      trials -= 1
      if divide(first, graph, wholeTokens, by: .longest, below: limit) { return true }
      for second in movable.dropFirst(heavy) where second != first && meet(first, second) {
        if dividePair(first, second, graph, wholeTokens, below: limit, &trials) { return true }
        if trials <= 0 { return false }
      }
    }
    return false
  }

  /// Gives one item the best division below the limit; when there is none, leaves it as it was.
  private mutating func divide(
    _ item: Int, _ graph: ReplicaGraph, _ wholeTokens: Bool, by measure: Measure, below limit: Double
  ) -> Bool {
    save(item)
    take(item, graph)
    var best = limit
    var chosen: UInt8?
    for choice in choices(item) {
      pour(item, graph, choice: .some(choice), wholeTokens: wholeTokens)
      let reached = value(of: item, by: measure)
      if reached < best {
        best = reached
        chosen = choice
      }
      take(item, graph)
    }
    guard let chosen else {
      putBack(item, graph)
      return false
    }
    pour(item, graph, choice: .some(chosen), wholeTokens: wholeTokens)
    return true
  }

  private mutating func dividePair(
    _ first: Int, _ second: Int, _ graph: ReplicaGraph, _ wholeTokens: Bool, below limit: Double, _ trials: inout Int
  ) -> Bool {
    save(first)
    save(second)
    take(first, graph)
    take(second, graph)
    var best = limit
    var chosen: (first: UInt8, second: UInt8)?
    for choice in choices(first) {
      pour(first, graph, choice: .some(choice), wholeTokens: wholeTokens)
      for other in choices(second) where value(of: first, by: .longest) < best {
        pour(second, graph, choice: .some(other), wholeTokens: wholeTokens)
        trials -= 1
        let reached = max(value(of: first, by: .longest), value(of: second, by: .longest))
        if reached < best {
          best = reached
          chosen = (choice, other)
        }
        take(second, graph)
      }
      take(first, graph)
    }
    guard let chosen else {
      putBack(first, graph)
      putBack(second, graph)
      return false
    }
    pour(first, graph, choice: .some(chosen.first), wholeTokens: wholeTokens)
    pour(second, graph, choice: .some(chosen.second), wholeTokens: wholeTokens)
    return true
  }

  /// Every set of the item's replicas.
  private func choices(_ item: Int) -> Range<UInt8> { 1..<UInt8(1) << UInt8(min(items[item].pieces.count, 5)) }

  private func value(of item: Int, by measure: Measure) -> Double {
    var value = 0.0
    for piece in items[item].pieces {
      let time = deviceTimes[pieces[piece].device]
      switch measure {
      case .pressure(let scale):
        let square = time * scale * time * scale
        value += square * square
      case .longest: value = max(value, time)
      }
    }
    return value
  }

  private func uses(_ item: Int, above limit: Double) -> Bool {
    items[item].pieces.contains { pieces[$0].tokens > 0 && deviceTimes[pieces[$0].device] > limit }
  }

  private func meet(_ first: Int, _ second: Int) -> Bool {
    items[first].pieces.contains { one in items[second].pieces.contains { pieces[one].device == pieces[$0].device } }
  }

  private mutating func save(_ item: Int) {
    while savedTokens.count < pieces.count { savedTokens.append(0) }
    for piece in items[item].pieces { savedTokens[piece] = pieces[piece].tokens }
  }

  private mutating func putBack(_ item: Int, _ graph: ReplicaGraph) {
    for piece in items[item].pieces { put(savedTokens[piece], piece, graph) }
  }
}
