import BallastRuntime

extension SplitMix64 {
  /// An integer of 0..<`bound`, which is above 0.
  mutating func below(_ bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }

  /// A number of 0..<1.
  mutating func fraction() -> Double { Double(next() >> 11) / Double(1 << 53) }
}
