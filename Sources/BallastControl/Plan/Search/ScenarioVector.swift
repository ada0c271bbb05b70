/// One number for each scenario, computed together.
typealias ScenarioVector = SIMD8<Float>

extension SIMD8 where Scalar == Float {
  /// The sum of all.
  @inline(__always) var total: Float {
    let quarter = lowHalf + highHalf
    let pair = quarter.lowHalf + quarter.highHalf
    return pair.x + pair.y
  }

  /// Each number, or that of `limit` where it is larger.
  @inline(__always) func atMost(_ limit: Self) -> Self { replacing(with: limit, where: self .> limit) }

  /// Each number, or that of `limit` where it is smaller.
  @inline(__always) func atLeast(_ limit: Self) -> Self { replacing(with: limit, where: self .< limit) }
}
