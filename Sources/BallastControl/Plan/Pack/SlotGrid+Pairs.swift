extension SlotGrid {
  /// The swap of two copies for two that takes most off the sum of squares of the heaviest device and another.
  func bestPairSwap(_ heavy: Int, _ counts: borrowing CopyCounts, least: Float) -> PairSwap? {
    guard pairs.first.count > 0 else { return nil }
    sumPairs(heavy, into: pairs.given)
    var best: PairSwap?
    var least = least
    for place in 0..<(devices - 1) {
      let gap = loads[heavy] - loads[Int(order[place])]
      guard gap * gap * 0.25 > least else { break }
      sumPairs(Int(order[place]), into: pairs.taken)
      let gaps = SIMD4(repeating: gap)
      var from = 0
      while from < pairs.taken.count {
        let taken = pairs.taken.four(from)
        var most = SIMD4<Float>(repeating: 0)
        for pair in pairs.given.indices {
          let change = SIMD4(repeating: pairs.given[pair]) - taken
          let gain = change * (gaps - change)
          most.replace(with: gain, where: gain .> most)
        }
        if most.greatest > least, let swap = findPairs(heavy, place, from, gap, least, counts) {
          best = swap
          least = swap.gain
        }
        from &+= 4
      }
      if least > gap * gap * Self.enough { break }
    }
    return best
  }

  private func sumPairs(_ device: Int, into sums: borrowing Row<Float>) {
    let from = device &* stride
    for pair in pairs.first.indices {
      sums[pair] = carried[from &+ Int(pairs.first[pair])] + carried[from &+ Int(pairs.second[pair])]
    }
  }

  private func findPairs(
    _ heavy: Int, _ place: Int, _ from: Int, _ gap: Float, _ least: Float, _ counts: borrowing CopyCounts
  ) -> PairSwap? {
    let device = Int(order[place])
    var best: PairSwap?
    var least = least
    for taken in from..<min(from &+ 4, pairs.given.count) {
      let load = pairs.taken[taken]
      for given in pairs.given.indices {
        let change = pairs.given[given] - load
        let gain = change * (gap - change)
        guard gain > least, mayMovePair(given, from: heavy, to: device, counts),
          mayMovePair(taken, from: device, to: heavy, counts)
        else { continue }
        least = gain
        best = PairSwap(place: place, given: given, taken: taken, gain: gain)
      }
    }
    return best
  }

  private func mayMovePair(_ pair: Int, from: Int, to: Int, _ counts: borrowing CopyCounts) -> Bool {
    mayMove(Int(pairs.first[pair]), from: from, to: to, counts)
      && mayMove(Int(pairs.second[pair]), from: from, to: to, counts)
  }
}

/// Two copies of the heaviest device for two of another.
struct PairSwap {
  /// The other device's place in the order.
  var place: Int
  var given: Int
  var taken: Int
  var gain: Float
}

/// The pairs of slots of a device, and room for what they carry.
struct SlotPairs: ~Copyable {
  let first: Row<Int32>
  let second: Row<Int32>
  let given: Row<Float>
  /// Padded to a multiple of four with less than nothing.
  let taken: Row<Float>

  /// Slots whose pairs are looked at, so that a device of many slots does not take for ever.
  private static var mostSlots: Int { 12 }

  init(slots: Int) {
    let slots = min(slots, Self.mostSlots)
    let count = slots * (slots - 1) / 2
    first = Row(repeating: 0, count: count)
    second = Row(repeating: 0, count: count)
    given = Row(repeating: 0, count: count)
    taken = Row(repeating: -1e15, count: (count + 3) / 4 * 4)
    var pair = 0
    for slot in 0..<slots {
      for other in (slot + 1)..<max(slots, slot + 1) {
        first[pair] = Int32(slot)
        second[pair] = Int32(other)
        pair += 1
      }
    }
  }
}
