/// Powers of e, sixteen at a time, for arguments up to 0.
enum Exponential {
  // Algorithm: x = n · ln 2 + r with |r| ≤ ln 2 / 2. The power of two is written into the exponent; e^r is its
  // Taylor polynomial of degree 7, whose remainder is below half a unit in the last place. ln 2 is split so that
  // n times its upper part is exact.

  /// e^x for each lane; arguments below −87, where float32 loses its normal numbers, count as −87.
  @inline(__always)
  static func of(_ arguments: SIMD16<Float>) -> SIMD16<Float> {
    let x = arguments.replacing(with: -87, where: arguments .< -87)
    // Adding 1.5 · 2²³ leaves the nearest integer in the low bits.
    let rounding: Float = 12_582_912
    let shifted = x * 1.442_695_04 + rounding
    let n = shifted - rounding
    let r = x - n * 0.693_359_375 + n * 2.121_944_4e-4
    var power = r * (1 / 5040) + (1 / 720)
    power = power * r + (1 / 120)
    power = power * r + (1 / 24)
    power = power * r + (1 / 6)
    power = power * r + 0.5
    power = power * r + 1
    power = power * r + 1
    // Safety: both types are sixteen 32-bit lanes, and every pattern is a value of either.
    let exponents = unsafe (unsafeBitCast(shifted, to: SIMD16<UInt32>.self) &+ 127) &<< 23
    return unsafe power * unsafeBitCast(exponents, to: SIMD16<Float>.self)
  }
}
