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
  private(set) var found = false
  private(set) var steps = 0
  var vectors = 0

  init(experts: Int, copies: Int, devices: Int) {
    self.experts = experts
    self.copies = copies
    self.devices = devices
    slots = copies / devices
    ranked = Row(repeating: 0, count: experts)
    counts = Row(repeating: 1, count: experts)
    ranks = Row(repeating: 0, count: experts)
    shares = Row(repeating: 0, count: experts)
    left = Row(repeating: 0, count: experts)
    held = Row(repeating: 0, count: copies)
    best = Row(repeating: 0, count: copies)
    bestCounts = Row(repeating: 1, count: experts)
  }

  /// Looks for a packing whose heaviest device carries less than `most`.
  mutating func search(_ loads: borrowing Row<Float>, _ order: borrowing Row<Int32>, below most: Float) -> Bool {
    for rank in 0..<experts { ranked[rank] = loads[Int(order[rank])] }
    self.most = most
    found = false
    steps = 0
    share(rank: 0, extra: copies - experts)
    return found
  }

  /// Chooses the copies of the expert at `rank`, with `extra` to give.
  private mutating func share(rank: Int, extra: Int) {
    if rank == experts - 1 {
      guard extra < devices else { return }
      counts[rank] = Int32(extra + 1)
      vectors += 1
      pack()
      return
    }
    // What a copy must stand beside, at the least.
    for more in 0...min(extra, devices - 1) {
      let share = ranked[rank] / Float(more + 1)
      if share + lightest(from: rank + 1, extra: extra - more) >= most { continue }
      counts[rank] = Int32(more + 1)
      self.share(rank: rank + 1, extra: extra - more)
    }
  }

  private func lightest(from rank: Int, extra: Int) -> Float {
    var sum: Float = 0
    for index in 0..<min(slots - 1, experts - rank) {
      sum += ranked[experts - 1 - index] / Float(extra + 1)
    }
    return sum
  }

  private mutating func pack() {
    for rank in 0..<experts {
      let share = ranked[rank] / Float(counts[rank])
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
      found = true
      for index in 0..<copies { best[index] = ranks[Int(held[index])] }
      for rank in 0..<experts { bestCounts[rank] = counts[rank] }
      return
    }
    var place = 0
    while left[place] == 0 { place += 1 }
    choose(device, slot: 0, place, 0, total, heaviest)
  }

  private mutating func choose(_ device: Int, slot: Int, _ place: Int, _ sum: Float, _ total: Float, _ heaviest: Float) {
    steps += 1
    left[place] -= 1
    held[device * slots + slot] = Int32(place)
    let sum = sum + shares[place]
    let remaining = slots - slot - 1
    if remaining == 0 {
      let rest = devices - device - 1
      if sum < most, total - sum < Float(rest) * most || rest == 0, fits(rest) {
        fill(device: device + 1, total: total - sum, heaviest: max(heaviest, sum))
      }
    } else {
      let need = total - Float(devices - device - 1) * most
      var next = place + 1
      while next <= experts - remaining {
        if left[next] > 0 {
          // The heaviest that may still come: the sum only falls from here on.
          if sum + Float(remaining) * shares[next] < need { break }
          if sum + shares[next] < most { choose(device, slot: slot + 1, next, sum, total, heaviest) }
        }
        next += 1
      }
    }
    left[place] += 1
  }

  private func fits(_ rest: Int) -> Bool {
    for place in 0..<experts where Int(left[place]) > rest { return false }
    return true
  }
}
