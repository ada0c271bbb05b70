/// Copies of a small layer's experts that are left to place while packings are tried; at most 16 experts and 8 devices.
struct UnplacedCopies {
  /// An expert that takes a slot.
  struct Joining {
    let rank: Int
    /// Copies it chooses to have, or 0 when it has chosen.
    let copies: Int

    init(_ rank: Int, choosing copies: Int) {
      self.rank = rank
      self.copies = copies
    }
  }

  /// Ranks that have not chosen how many copies they have, a bit each.
  private(set) var unchosen: UInt32
  /// Ranks that have, and wait for a place for some, a bit each.
  private(set) var waiting: UInt32 = 0
  /// Copies that wait for a place, four bits a rank.
  private var copies: UInt64 = 0
  /// Copies beyond one each that no expert has chosen yet.
  private(set) var extra: Int

  /// As many copies in all, of as many experts.
  init(_ copies: Int, of experts: Int) {
    unchosen = 1 << UInt32(experts) - 1
    extra = copies - experts
  }

  /// Whether copies of `rank` wait for a place.
  func isWaiting(_ rank: Int) -> Bool { waiting &>> UInt32(truncatingIfNeeded: rank) & 1 == 1 }

  /// What is left once an expert has taken its slot.
  func placing(_ joining: Joining) -> UnplacedCopies {
    var rest = self
    let bit: UInt32 = 1 &<< UInt32(truncatingIfNeeded: joining.rank)
    let place = UInt64(truncatingIfNeeded: joining.rank) &* 4
    if joining.copies > 0 {
      rest.unchosen ^= bit
      rest.extra &-= joining.copies &- 1
      rest.copies |= UInt64(truncatingIfNeeded: joining.copies &- 1) &<< place
      if joining.copies > 1 { rest.waiting |= bit }
    } else {
      rest.copies &-= 1 &<< place
      if rest.copies &>> place & 15 == 0 { rest.waiting ^= bit }
    }
    return rest
  }

  /// Whether `devices` have room for it, each for one copy of an expert.
  func fits(_ devices: Int) -> Bool {
    // A number above `devices` carries into the highest of its four bits.
    let carried = copies &+ 0x1111_1111_1111_1111 &* UInt64(truncatingIfNeeded: 7 &- devices)
    return carried & 0x8888_8888_8888_8888 == 0 && extra <= unchosen.nonzeroBitCount &* (devices &- 1)
  }
}
