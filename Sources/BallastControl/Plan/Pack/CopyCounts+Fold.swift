extension CopyCounts {
  // Algorithm: the heaviest 2 · devices copies, folded in the middle, say how a packing begins: the lightest of the first
  // half beside the heaviest of the second. Where such a pair is too much for a device, the copies are too alike: some
  // expert is better off with fewer, heavier copies, so that another has more. One copy at a time changes hands, the best
  // exchange first, until the fold fits or nothing helps.

  /// Exchanges copies between experts until the folded copies fit a device of load `goal`.
  ///
  /// - Parameter copies: The copies as listed, to begin with.
  /// - Returns: Whether any count changed.
  mutating func refold(
    _ copies: borrowing CopyList, _ loads: borrowing Row<Float>, devices: Int, slots: Int, goal: Float, steps: Int,
    _ fold: borrowing FoldScratch
  ) -> Bool {
    guard slots > 1, devices > 1 else { return false }
    let last = copies.loads.count - 1
    var tail: Float = 0
    for index in 0..<(slots - 2) { tail += copies.loads[last - index] }
    let lone = tail + copies.loads[last - (slots - 2)]
    fold.begin(copies, self)
    var worst = fold.worst(loads, self, nil, devices: devices, tail: tail, lone: lone, limit: .infinity)
    var hasChanged = false
    for _ in 0..<steps where worst.load > goal {
      var best = worst
      var change: FoldScratch.Exchange?
      for place in worst.second..<min(worst.second + 3, fold.groups) {
        weigh(fold, place, loads, devices, tail, lone, &best, &change)
      }
      if worst.first < worst.second { weigh(fold, worst.first, loads, devices, tail, lone, &best, &change) }
      guard let change else { break }
      counts[Int(change.giver)] -= 1
      counts[Int(change.taker)] += 1
      fold.apply(change, loads, self)
      worst = fold.worst(loads, self, nil, devices: devices, tail: tail, lone: lone, limit: .infinity)
      hasChanged = true
    }
    return hasChanged
  }

  /// Tries every giver for one taker.
  private func weigh(
    _ fold: borrowing FoldScratch, _ place: Int, _ loads: borrowing Row<Float>, _ devices: Int, _ tail: Float,
    _ lone: Float, _ best: inout FoldScratch.Worst, _ change: inout FoldScratch.Exchange?
  ) {
    let taker = fold.experts[place]
    guard Int(counts[Int(taker)]) < devices else { return }
    for other in 0..<fold.groups where other != place {
      let giver = fold.experts[other]
      let count = counts[Int(giver)]
      guard count > 1, loads[Int(giver)] / Float(count - 1) + lone < best.load else { continue }
      let exchange = FoldScratch.Exchange(giver: giver, taker: taker)
      let worst = fold.worst(loads, self, exchange, devices: devices, tail: tail, lone: lone, limit: best.load)
      if worst.load < best.load {
        best = worst
        change = exchange
      }
    }
  }
}

/// The heaviest copies of a layer by expert, and room to fold them.
struct FoldScratch: ~Copyable {
  /// One copy less of one expert, one more of another.
  struct Exchange {
    var giver: Int32
    var taker: Int32
  }

  /// The pair of copies that is most for one device.
  struct Worst {
    var load: Float
    /// Places of their experts.
    var first: Int
    var second: Int
  }

  /// `[place]`: experts, by the load of a copy.
  let experts: Row<Int32>
  private let shares: Row<Float>
  private let folded: Row<Float>
  private let size: Row<Int32>

  var groups: Int { Int(size[0]) }

  init(experts count: Int, devices: Int) {
    experts = Row(repeating: 0, count: min(count, 2 * devices + 2))
    shares = Row(repeating: 0, count: min(count, 2 * devices + 2))
    folded = Row(repeating: 0, count: 2 * devices)
    size = Row(repeating: 0, count: 1)
  }

  /// Takes the heaviest copies, as listed.
  func begin(_ copies: borrowing CopyList, _ counts: borrowing CopyCounts) {
    var groups = 0
    var index = 0
    while groups < experts.count, index < copies.experts.count {
      let expert = copies.experts[index]
      experts[groups] = expert
      shares[groups] = copies.loads[index]
      groups += 1
      index += Int(counts[expert])
    }
    size[0] = Int32(groups)
  }

  /// Follows an exchange that `counts` has made.
  func apply(_ exchange: Exchange, _ loads: borrowing Row<Float>, _ counts: borrowing CopyCounts) {
    for place in 0..<groups where experts[place] == exchange.giver || experts[place] == exchange.taker {
      let expert = experts[place]
      shares[place] = loads[Int(expert)] / Float(counts[expert])
    }
    for place in 1..<groups {
      let (expert, share) = (experts[place], shares[place])
      var at = place
      while at > 0, shares[at - 1] < share {
        shares[at] = shares[at - 1]
        experts[at] = experts[at - 1]
        at -= 1
      }
      shares[at] = share
      experts[at] = expert
    }
  }

  /// The most a device would carry, after `exchange`; any value of at least `limit` once it is that much.
  func worst(
    _ loads: borrowing Row<Float>, _ counts: borrowing CopyCounts, _ exchange: Exchange?, devices: Int, tail: Float,
    lone: Float, limit: Float
  ) -> Worst {
    write(loads, counts, exchange)
    var most = Worst(load: folded[0] + lone, first: 0, second: 0)
    for index in 0..<devices {
      let load = folded[devices &- 1 &- index] + folded[devices &+ index] + tail
      if load > most.load {
        most.load = load
        most.first = devices &- 1 &- index
        most.second = devices &+ index
        if load >= limit { return most }
      }
    }
    guard exchange == nil else { return most }
    return Worst(load: most.load, first: group(most.first, counts), second: group(most.second, counts))
  }

  /// The place of the expert whose copy stands at `index`.
  private func group(_ index: Int, _ counts: borrowing CopyCounts) -> Int {
    var end = 0
    for place in 0..<groups {
      end += Int(counts[experts[place]])
      if index < end { return place }
    }
    return groups - 1
  }

  /// Writes the heaviest 2 · devices copies, heaviest first.
  private func write(_ loads: borrowing Row<Float>, _ counts: borrowing CopyCounts, _ exchange: Exchange?) {
    var end = 0
    let giver = exchange?.giver ?? -1
    let taker = exchange?.taker ?? -1
    var given: Float = -1
    var givenCount = 0
    var taken: Float = -1
    var takenCount = 0
    if let exchange {
      givenCount = Int(counts[exchange.giver]) - 1
      takenCount = Int(counts[exchange.taker]) + 1
      given = loads[Int(exchange.giver)] / Float(givenCount)
      taken = loads[Int(exchange.taker)] / Float(takenCount)
    }
    for place in 0..<groups {
      let expert = experts[place]
      guard expert != giver, expert != taker else { continue }
      let share = shares[place]
      if given >= share {
        end = put(given, givenCount, end)
        given = -1
      }
      if taken >= share {
        end = put(taken, takenCount, end)
        taken = -1
      }
      end = put(share, Int(counts[expert]), end)
      if end == folded.count { return }
    }
    if given >= 0 { end = put(given, givenCount, end) }
    if taken >= 0 { end = put(taken, takenCount, end) }
    while end < folded.count { end = put(0, 1, end) }
  }

  @inline(__always)
  private func put(_ share: Float, _ count: Int, _ end: Int) -> Int {
    let last = min(end &+ count, folded.count)
    for index in end..<last { folded[index] = share }
    return last
  }
}
