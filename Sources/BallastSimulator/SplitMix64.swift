/// The simulator's random numbers: the same on every machine for the same seed.
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// A generator of its own for the thing these numbers name, so that draws do not depend on their order.
  init(seed: UInt64, _ names: Int...) {
    state = seed
    for name in names {
      state ^= UInt64(bitPattern: Int64(name)) &* 0xd6e8_feb8_6659_fd93
      state = next()
    }
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// A number in (0, 1).
  mutating func fraction() -> Double { (Double(next() >> 11) + 0.5) * 0x1p-53 }

  /// A number around 0 with variance 1, never beyond ±6.
  mutating func deviate() -> Double { (0..<12).reduce(-6.0) { sum, _ in sum + fraction() } }
}
