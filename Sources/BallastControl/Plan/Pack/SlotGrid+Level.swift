extension SlotGrid {
  // Algorithm: a swap of the heaviest device with another is worth what it takes off the sum of squares, at most a quarter
  // of the squared gap between the two; devices are tried from the lightest on, until none can be worth more. A swap
  // of single copies that is worth a good part of that is taken; otherwise two copies for two give finer steps; and
  // what is left is any swap that helps.

  /// Swaps copies of the heaviest device with copies of lighter ones until it carries at most `target`, or no swap helps.
  func level(to target: Float, _ counts: borrowing CopyCounts) {
    for _ in 0..<(8 * devices + 64) {
      let heavy = Int(order[devices - 1])
      guard loads[heavy] > target else { break }
      let gap = loads[heavy] - loads[Int(order[0])]
      let limit = gap * gap * 0.25
      if let swap = bestSwap(heavy, counts, least: max(limit * Self.goodShare, Self.least)) {
        make(swap, heavy)
      } else if let swap = bestPairSwap(heavy, counts, least: max(limit * Self.pairShare, Self.least)) {
        make(swap, heavy)
      } else if let swap = bestSwap(heavy, counts, least: limit * Self.lastShare + Self.least) {
        make(swap, heavy)
      } else {
        break
      }
    }
  }

  /// A gain that counts, for a mean load of 1.
  private static var least: Float { 1e-11 }
  /// Share of a squared gap from which on no better swap is looked for.
  static var enough: Float { 0.14 }
  private static var goodShare: Float { 0.3 }
  private static var pairShare: Float { 0.3 }
  private static var lastShare: Float { 0.02 }

  private struct Swap {
    /// Its place in the order of devices.
    var place: Int
    var given: Int
    var taken: Int
    var gain: Float
  }

  /// The swap that takes most off the sum of squares, if it is more than `least`.
  private func bestSwap(_ heavy: Int, _ counts: borrowing CopyCounts, least: Float) -> Swap? {
    var best: Swap?
    var least = least
    for place in 0..<(devices - 1) {
      let device = Int(order[place])
      let gap = loads[heavy] - loads[device]
      guard gap * gap * 0.25 > least else { break }
      let gaps = SIMD4(repeating: gap)
      var from = 0
      while from < stride {
        let taken = carried.four(device &* stride &+ from)
        var most = SIMD4<Float>(repeating: 0)
        for slot in 0..<slots {
          let change = SIMD4(repeating: carried[heavy &* stride &+ slot]) - taken
          let gain = change * (gaps - change)
          most.replace(with: gain, where: gain .> most)
        }
        if most.greatest > least, let swap = find(heavy, place, from, gap, least, counts) {
          best = swap
          least = swap.gain
        }
        from &+= 4
      }
      if least > gap * gap * Self.enough { break }
    }
    return best
  }

  /// The best swap with one of four slots that gives no device an expert twice.
  private func find(
    _ heavy: Int, _ place: Int, _ from: Int, _ gap: Float, _ least: Float, _ counts: borrowing CopyCounts
  ) -> Swap? {
    let device = Int(order[place])
    var best: Swap?
    var least = least
    for taken in from..<min(from &+ 4, slots) {
      let load = carried[device &* stride &+ taken]
      for given in 0..<slots {
        let change = carried[heavy &* stride &+ given] - load
        let gain = change * (gap - change)
        guard gain > least, mayMove(given, from: heavy, to: device, counts),
          mayMove(taken, from: device, to: heavy, counts)
        else { continue }
        least = gain
        best = Swap(place: place, given: given, taken: taken, gain: gain)
      }
    }
    return best
  }

  /// Whether the other device lacks the expert in a slot.
  func mayMove(_ slot: Int, from: Int, to: Int, _ counts: borrowing CopyCounts) -> Bool {
    let expert = experts[from &* slots &+ slot]
    return counts[expert] == 1 || !holds(to, expert)
  }

  private func holds(_ device: Int, _ expert: Int32) -> Bool {
    for slot in 0..<slots where experts[device &* slots &+ slot] == expert { return true }
    return false
  }

  private func make(_ swap: Swap, _ heavy: Int) {
    exchange(heavy, swap.given, Int(order[swap.place]), swap.taken)
    settle(swap.place)
  }

  private func make(_ swap: PairSwap, _ heavy: Int) {
    let device = Int(order[swap.place])
    exchange(heavy, Int(pairs.first[swap.given]), device, Int(pairs.first[swap.taken]))
    exchange(heavy, Int(pairs.second[swap.given]), device, Int(pairs.second[swap.taken]))
    settle(swap.place)
  }

  private func exchange(_ heavy: Int, _ given: Int, _ device: Int, _ taken: Int) {
    let mine = experts[heavy &* slots &+ given]
    experts[heavy &* slots &+ given] = experts[device &* slots &+ taken]
    experts[device &* slots &+ taken] = mine
    let change = carried[heavy &* stride &+ given] - carried[device &* stride &+ taken]
    carried[heavy &* stride &+ given] -= change
    carried[device &* stride &+ taken] += change
    loads[heavy] -= change
    loads[device] += change
  }

  /// Restores the order after an exchange of the last device with the one at `place`.
  private func settle(_ place: Int) {
    rise(place, before: devices - 1)
    sink(devices - 1)
  }

  /// Restores the order of the device at `place`, which has become lighter.
  private func sink(_ place: Int) {
    var place = place
    let device = order[place]
    let load = loads[Int(device)]
    while place > 0, loads[Int(order[place &- 1])] > load {
      order[place] = order[place &- 1]
      place &-= 1
    }
    order[place] = device
  }

  /// Restores the order of the device at `place`, which has become heavier, among those before `end`.
  private func rise(_ place: Int, before end: Int) {
    var place = place
    let device = order[place]
    let load = loads[Int(device)]
    while place &+ 1 < end, loads[Int(order[place &+ 1])] < load {
      order[place] = order[place &+ 1]
      place &+= 1
    }
    order[place] = device
  }
}

extension SIMD4<Float> {
  /// The greatest of the four.
  @inline(__always)
  var greatest: Float { Swift.max(Swift.max(self[0], self[1]), Swift.max(self[2], self[3])) }
}
