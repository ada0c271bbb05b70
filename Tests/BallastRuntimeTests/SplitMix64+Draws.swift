import BallastRuntime

extension SplitMix64 {
  /// A whole number in `range`.
  mutating func pick(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(next() % UInt64(range.upperBound - range.lowerBound + 1))
  }

  /// A number in [0, 1).
  mutating func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }
}
