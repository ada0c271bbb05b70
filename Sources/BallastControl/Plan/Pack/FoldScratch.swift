/// The heaviest copies of a layer by expert, folded in the middle: how a packing of them begins.
struct FoldScratch: ~Copyable {
  /// One copy less for the expert at one place, one more for that at another.
  struct Exchange {
    var giver: Int
    var taker: Int
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
  /// `[place]`: tokens of the expert.
  private let tokens: Row<Float>
  private let counts: Row<Int32>
  private let shares: Row<Float>
  // What an exchange would make of it.
  private let triedCounts: Row<Int32>
  private let triedShares: Row<Float>
  private let devices: Int
  /// Experts with a copy among the heaviest 2 · devices, and a few more that may come among them.
  private(set) var groups = 0

  /// Scratch for `count` experts.
  init(experts count: Int, devices: Int) {
    let most = min(count, 2 * devices + 2)
    self.devices = devices
    experts = Row(repeating: 0, count: most)
    tokens = Row(repeating: 0, count: most)
    counts = Row(repeating: 0, count: most)
    shares = Row(repeating: 0, count: most)
    triedCounts = Row(repeating: 0, count: most)
    triedShares = Row(repeating: 0, count: most)
  }

  /// Takes the heaviest copies, as listed.
  mutating func begin(_ copies: borrowing CopyList, _ counts: borrowing CopyCounts, _ loads: borrowing Row<Float>) {
    groups = 0
    var index = 0
    while groups < experts.count, index < min(2 * devices + 2, copies.experts.count) {
      let expert = copies.experts[index]
      experts[groups] = expert
      shares[groups] = copies.loads[index]
      tokens[groups] = loads[Int(expert)]
      self.counts[groups] = counts[expert]
      groups += 1
      index += Int(counts[expert])
    }
  }

  /// Makes an exchange.
  func apply(_ exchange: Exchange) {
    counts[exchange.giver] -= 1
    counts[exchange.taker] += 1
    shares[exchange.giver] = tokens[exchange.giver] / Float(counts[exchange.giver])
    shares[exchange.taker] = tokens[exchange.taker] / Float(counts[exchange.taker])
    for place in 1..<groups {
      let (expert, load, count, share) = (experts[place], tokens[place], counts[place], shares[place])
      var at = place
      while at > 0, shares[at - 1] < share {
        shares[at] = shares[at - 1]
        experts[at] = experts[at - 1]
        tokens[at] = tokens[at - 1]
        counts[at] = counts[at - 1]
        at -= 1
      }
      shares[at] = share
      experts[at] = expert
      tokens[at] = load
      counts[at] = count
    }
  }

  /// The most a device would carry, after `exchange`; any value of at least `limit` once it is that much.
  func worst(_ exchange: Exchange?, tail: Float, lone: Float, limit: Float) -> Worst {
    var cursor = Cursor(exchange)
    if let exchange {
      cursor.givenCount = counts[exchange.giver] &- 1
      cursor.takenCount = counts[exchange.taker] &+ 1
      cursor.given = tokens[exchange.giver] / Float(cursor.givenCount)
      cursor.taken = tokens[exchange.taker] / Float(cursor.takenCount)
    }
    // The first half, whose last expert may reach into the second.
    var end = 0
    while end < devices, pull(&cursor) { end &+= Int(triedCounts[cursor.written &- 1]) }
    var most = Worst(load: triedShares[0] + lone, first: 0, second: 0)
    guard end >= devices, most.load < limit else { return most }
    var first = cursor.written &- 1
    var second = first
    // Copies left of either expert, in its half.
    var right = end &- devices
    var left = Int(triedCounts[first]) &- right
    while true {
      if right == 0 {
        guard pull(&cursor) else { return most }
        second = cursor.written &- 1
        right = Int(triedCounts[second])
      }
      let load = triedShares[first] + triedShares[second] + tail
      if load > most.load {
        most = Worst(load: load, first: first, second: second)
        if load >= limit { return most }
      }
      let step = min(left, right)
      left &-= step
      right &-= step
      if left == 0 {
        guard first > 0 else { return most }
        first &-= 1
        left = Int(triedCounts[first])
      }
    }
  }

  /// Experts in the order an exchange would leave, written one after another.
  private struct Cursor {
    let giver: Int
    let taker: Int
    var place = 0
    var written = 0
    var given: Float = -1
    var taken: Float = -1
    var givenCount: Int32 = 0
    var takenCount: Int32 = 0

    init(_ exchange: Exchange?) {
      giver = exchange?.giver ?? -1
      taker = exchange?.taker ?? -1
    }
  }

  /// Writes the next expert.
  ///
  /// - Returns: Whether there was one.
  @inline(__always)
  private func pull(_ cursor: inout Cursor) -> Bool {
    while cursor.place == cursor.giver || cursor.place == cursor.taker { cursor.place &+= 1 }
    let share = cursor.place < groups ? shares[cursor.place] : -1
    let exchanged = max(cursor.given, cursor.taken)
    if exchanged >= 0, exchanged >= share {
      let isGiver = cursor.given >= cursor.taken
      triedShares[cursor.written] = exchanged
      triedCounts[cursor.written] = isGiver ? cursor.givenCount : cursor.takenCount
      if isGiver { cursor.given = -1 } else { cursor.taken = -1 }
    } else {
      guard cursor.place < groups else { return false }
      triedShares[cursor.written] = share
      triedCounts[cursor.written] = counts[cursor.place]
      cursor.place &+= 1
    }
    cursor.written &+= 1
    return true
  }
}
