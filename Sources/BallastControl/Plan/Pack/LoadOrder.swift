/// Experts from the heaviest load to the lightest.
struct LoadOrder: ~Copyable {
  // Algorithm: a counting sort by a 16-bit logarithm of the load, one byte at a time, then an insertion sort by the load
  // itself, which finds next to nothing to do; and which is all that few experts need.

  /// `[rank]`: the expert; equal loads by their index.
  let experts: Row<Int32>
  private let words: Row<UInt32>
  private let spare: Row<UInt32>
  private let ends = Row<Int32>(repeating: 0, count: 512)

  /// Bits of the least load that is told from nothing, 2⁻¹⁶ of a device's.
  private static var leastBits: UInt32 { (127 - 16) << 23 }
  /// Up to so many experts insertion is faster than counting.
  private static var few: Int { 24 }

  /// Scratch for `count` experts, at most 65 535.
  init(count: Int) {
    experts = Row(repeating: 0, count: count)
    words = Row(repeating: 0, count: count)
    spare = Row(repeating: 0, count: count)
  }

  /// Orders `loads`, none of them negative or above 65 535.
  func sort(_ loads: borrowing Row<Float>) {
    if words.count > Self.few {
      count(loads)
    } else {
      for index in words.indices { words[index] = UInt32(truncatingIfNeeded: index) }
    }
    settle(loads)
  }

  /// Orders the words by the logarithm of the load.
  private func count(_ loads: borrowing Row<Float>) {
    ends.fill(0)
    for index in loads.indices {
      let bits = loads[index].bitPattern
      let above = bits > Self.leastBits ? bits &- Self.leastBits : 0
      // Heaviest first: the complement of the logarithm.
      let key = 0xFFFF &- min(0xFFFF, above >> 12)
      words[index] = key << 16 | UInt32(truncatingIfNeeded: index)
      ends[Int(key & 0xFF)] &+= 1
      ends[256 &+ Int(key >> 8)] &+= 1
    }
    sumUp()
    for index in words.indices {
      let word = words[index]
      let digit = Int(word >> 16 & 0xFF)
      spare[Int(ends[digit])] = word
      ends[digit] &+= 1
    }
    for index in spare.indices {
      let word = spare[index]
      let digit = 256 &+ Int(word >> 24)
      words[Int(ends[digit])] = word
      ends[digit] &+= 1
    }
  }

  private func sumUp() {
    var low: Int32 = 0
    var high: Int32 = 0
    for digit in 0..<256 {
      let next = (low &+ ends[digit], high &+ ends[256 &+ digit])
      ends[digit] = low
      ends[256 &+ digit] = high
      low = next.0
      high = next.1
    }
  }

  private func settle(_ loads: borrowing Row<Float>) {
    for index in words.indices {
      let expert = Int32(truncatingIfNeeded: words[index] & 0xFFFF)
      let load = loads[Int(expert)]
      var place = index
      while place > 0, loads[Int(experts[place &- 1])] < load {
        experts[place] = experts[place &- 1]
        place &-= 1
      }
      experts[place] = expert
    }
  }
}
