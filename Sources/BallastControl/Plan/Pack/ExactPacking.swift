/// Tries every packing of a small layer that could be better than the best known.
struct ExactPacking: ~Copyable {
  // Algorithm: depth first over the copies of each expert, heaviest expert first, then over the devices: each takes
  // the heaviest copy left, and others beside it. A branch ends when a device would carry as much as the best known, or
  // so little that those left could not take the rest.

  let experts: Int
  let copies: Int
  let devices: Int
  let slots: Int
  private let ranked: Row<Float>
  private let counts: Row<Int32>
  /// `[copies − 1]`: a copy's part.
  private let reciprocals: Row<Float>
  /// `[place]`: ranks by the load of a copy, heaviest first.
  private let ranks: Row<Int32>
  private let shares: Row<Float>
  private let left: Row<Int32>
  /// `[device][slot]`: places.
  private let held: Row<Int32>
  /// The best found, in ranks.
  let best: Row<Int32>
  let bestCounts: Row<Int32>
  private(set) var most: Float = 0
  private(set) var isFound = false
  /// Whether nothing was left untried.
  private(set) var isExhausted = false
  private var steps = 0

  private static var mostCopies: Int { 16 }
  private static var mostSteps: Int { 20_000 }

  /// Whether the layer is small enough to be searched.
  var isWorthwhile: Bool { copies <= Self.mostCopies && slots > 1 }

  init(experts: Int, copies: Int, devices: Int) {
    self.experts = experts
    self.copies = copies
    self.devices = devices
    slots = copies / devices
    ranked = Row(repeating: 0, count: experts)
    counts = Row(repeating: 1, count: experts)
    reciprocals = Row(repeating: 1, count: copies)
    for count in 0..<copies { reciprocals[count] = 1 / Float(count + 1) }
    ranks = Row(repeating: 0, count: experts)
    shares = Row(repeating: 0, count: experts)
    left = Row(repeating: 0, count: experts)
    held = Row(repeating: 0, count: copies)
    best = Row(repeating: 0, count: copies)
    bestCounts = Row(repeating: 1, count: experts)
  }

  /// Looks for a packing whose heaviest device carries less than `most`.
  ///
  /// - Returns: Whether there is one; then it stands in `best`.
  mutating func search(_ loads: borrowing Row<Float>, _ order: borrowing Row<Int32>, below most: Float) -> Bool {
    for rank in 0..<experts { ranked[rank] = loads[Int(order[rank])] }
    self.most = most
    isFound = false
    steps = 0
    share(rank: 0, extra: copies - experts, least: .infinity, halves: 0, thirds: 0)
    isExhausted = steps < Self.mostSteps
    return isFound
  }

  /// Chooses the copies of the expert at `rank`, with `extra` to give.
  ///
  /// `least` is the lightest copy so far; of `halves` copies no two fit one device, of `thirds` no three.
  private mutating func share(rank: Int, extra: Int, least: Float, halves: Int, thirds: Int) {
    for more in (rank == experts - 1 ? extra : 0)...extra where more < devices {
      let share = ranked[rank] * reciprocals[more]
      let left = extra - more
      let lightest = min(least, share, rank == experts - 1 ? share : ranked[experts - 1] * reciprocals[left])
      let halves = halves + (share * 2 + lightest * Float(slots - 2) >= most ? more + 1 : 0)
      let thirds = thirds + (share * 3 >= most && slots > 2 ? more + 1 : 0)
      guard share + lightest * Float(slots - 1) < most, halves <= devices, thirds <= 2 * devices else { continue }
      counts[rank] = Int32(more + 1)
      if rank == experts - 1 {
        pack()
      } else {
        self.share(rank: rank + 1, extra: left, least: min(least, share), halves: halves, thirds: thirds)
      }
    }
  }

  private mutating func pack() {
    steps += 1
    guard steps < Self.mostSteps else { return }
    for rank in 0..<experts {
      let share = ranked[rank] * reciprocals[Int(counts[rank]) &- 1]
      var place = rank
      while place > 0, shares[place - 1] < share {
        shares[place] = shares[place - 1]
        ranks[place] = ranks[place - 1]
        left[place] = left[place - 1]
        place -= 1
      }
      shares[place] = share
      ranks[place] = Int32(rank)
      left[place] = counts[rank]
    }
    var beside: Float = 0
    for index in 0..<(slots - 1) { beside += shares[experts - 1 - index] }
    guard shares[0] + beside < most else { return }
    fill(device: 0, total: Float(devices), heaviest: 0)
  }

  private mutating func fill(device: Int, total: Float, heaviest: Float) {
    if device == devices {
      most = heaviest
      isFound = true
      for index in 0..<copies { best[index] = ranks[Int(held[index])] }
      for rank in 0..<experts { bestCounts[rank] = counts[rank] }
      return
    }
    var place = 0
    while left[place] == 0 { place += 1 }
    choose(device, slot: 0, place, 0, total, heaviest)
  }

  private mutating func choose(_ device: Int, slot: Int, _ place: Int, _ sum: Float, _ total: Float, _ heaviest: Float)
  {
    steps += 1
    guard steps < Self.mostSteps else { return }
    left[place] -= 1
    held[device &* slots &+ slot] = Int32(place)
    let sum = sum + shares[place]
    let remaining = slots &- slot &- 1
    let least = shares[experts &- 1] * Float(remaining &- 1)
    // What this device must take, so that the others can take the rest; less what rounding may hide.
    let need = total - Float(devices &- device &- 1) * most - 1e-5
    var next = place &+ 1
    while next <= experts &- remaining {
      let share = shares[next]
      // The heaviest that may still come: the sum only falls from here on.
      if sum + share * Float(remaining) < need { break }
      if sum + share + least < most, left[next] > 0 {
        if remaining > 1 {
          choose(device, slot: slot &+ 1, next, sum, total, heaviest)
        } else {
          finish(device, next, sum + share, total, heaviest)
        }
      }
      next &+= 1
    }
    left[place] += 1
  }

  /// Gives a device its last copy, and goes on with the next.
  private mutating func finish(_ device: Int, _ place: Int, _ sum: Float, _ total: Float, _ heaviest: Float) {
    left[place] -= 1
    held[device &* slots &+ slots &- 1] = Int32(place)
    if fits(devices &- device &- 1) { fill(device: device &+ 1, total: total - sum, heaviest: max(heaviest, sum)) }
    left[place] += 1
  }

  private func fits(_ rest: Int) -> Bool {
    for place in 0..<experts where Int(left[place]) > rest { return false }
    return true
  }
}
