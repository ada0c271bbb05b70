import BallastRuntime
import Glibc

extension SplitMix64 {
  /// A number above 0 and below 1.
  mutating func nextUnit() -> Double { (Double(next() >> 11) + 0.5) * 0x1p-53 }

  /// A number of mean 0 and variance 1.
  mutating func nextGaussian() -> Float {
    Float((-2 * log(nextUnit())).squareRoot() * cos(2 * Double.pi * nextUnit()))
  }
}
