import BallastRuntime
import Foundation

/// Seeded router logits: normal deviates, each row times a sharpness of its own.
///
/// The sharper a row, the surer its router: as in trained models, some tokens are easy and some are not.
struct RouterRows: Sendable {
  /// Experts in a layer.
  let experts: Int
  private var random: SplitMix64

  init(experts: Int, seed: UInt64) {
    self.experts = experts
    random = SplitMix64(seed: seed)
  }

  /// `[row][expert]`: the next rows, their sharpness even in `sharpness`.
  mutating func next(_ rows: Int, sharpness: ClosedRange<Double> = 0.5...3) -> [Float] {
    var logits: [Float] = []
    logits.reserveCapacity(rows * experts)
    for _ in 0..<rows {
      let scale = sharpness.lowerBound + fraction() * (sharpness.upperBound - sharpness.lowerBound)
      for _ in 0..<experts { logits.append(Float(scale * deviate())) }
    }
    return logits
  }

  private mutating func fraction() -> Double { (Double(random.next() >> 11) + 0.5) * 0x1p-53 }

  /// A number of mean 0 and variance 1.
  private mutating func deviate() -> Double {
    (-2 * log(fraction())).squareRoot() * cos(2 * Double.pi * fraction())
  }
}
