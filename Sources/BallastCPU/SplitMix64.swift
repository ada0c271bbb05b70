import Glibc

/// A small seeded generator: the same numbers on every machine.
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// A number above 0 and below 1.
  mutating func nextUnit() -> Double { (Double(next() >> 11) + 0.5) * 0x1p-53 }

  /// A number of mean 0 and variance 1.
  mutating func nextGaussian() -> Float {
    Float((-2 * log(nextUnit())).squareRoot() * cos(2 * Double.pi * nextUnit()))
  }
}
