/// Seeded numbers that are the same on every machine: no function of a mathematics library is asked.
struct Draws {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// A number of 0..<`bound`.
  mutating func below(_ bound: Int) -> Int { (Int(next() >> 33) * bound) >> 31 }

  /// A number of 0..<1.
  mutating func fraction() -> Float { Float(next() >> 40) * 0x1p-24 }

  /// About normal: the sum of twelve fractions, less six.
  mutating func deviate() -> Float { (0..<12).reduce(-6) { sum, _ in sum + fraction() } }
}

/// e^x for x up to 0, by multiplications and additions alone.
func exponential(_ x: Float) -> Float {
  let x = max(x, -80)
  let n = (x * 1.442_695 + 12_582_912) - 12_582_912
  let r = x - n * 0.693_147_2
  let power = 1 + r * (1 + r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r / 720)))))
  return power * Float(bitPattern: UInt32(Int32(n) + 127) << 23)
}
