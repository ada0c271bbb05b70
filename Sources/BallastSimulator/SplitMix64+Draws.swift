import BallastRuntime

extension SplitMix64 {
  /// A generator of its own for the thing these numbers name, so that draws do not depend on their order.
  init(seed: UInt64, _ names: Int...) {
    var own = seed
    for name in names {
      var mixer = SplitMix64(seed: own ^ UInt64(bitPattern: Int64(name)) &* 0xd6e8_feb8_6659_fd93)
      own = mixer.next()
    }
    self.init(seed: own)
  }

  /// A number in (0, 1).
  mutating func fraction() -> Double { (Double(next() >> 11) + 0.5) * 0x1p-53 }

  /// A number around 0 with variance 1, never beyond ±6.
  mutating func deviate() -> Double { (0..<12).reduce(-6.0) { sum, _ in sum + fraction() } }
}
