import BallastRuntime

/// The numbers a low precision can hold: scale · code, the scale a bfloat16 that a group of weights along a row shares.
///
/// A scale may be negative, so that the code of a group's largest weight can be the one that has no opposite.
struct QuantizationGrid: Hashable, Sendable {
  /// The smallest code; the largest is its opposite less one.
  let leastCode: Int
  /// Weights along a row that share a scale.
  let groupWidth: Int

  /// The grid of a precision; nil when it stores weights as floating-point numbers.
  init?(_ precision: Precision) {
    switch precision {
    case .float32, .bfloat16: return nil
    case .int8: leastCode = -128
    case .int4: leastCode = -8
    }
    groupWidth = 32
  }

  /// Groups of a row, the last of which may be shorter.
  func groups(_ columns: Int) -> Int { (columns + groupWidth - 1) / groupWidth }

  /// Columns of a group.
  func columns(of group: Int, in columns: Int) -> Range<Int> {
    group * groupWidth..<min((group + 1) * groupWidth, columns)
  }

  /// The scale that gives the group's largest weight the least code; 0 for a group of zeros.
  func plainScale(_ weights: Span<Float>) -> Float {
    var largest: Float = 0
    for index in weights.indices where abs(weights[index]) > abs(largest) { largest = weights[index] }
    return Self.stored(largest / Float(leastCode))
  }

  /// The nearest code, ties to even.
  func code(_ weight: Float, scale: Float) -> Int8 {
    guard Self.isUsable(scale) else { return 0 }
    let code = (weight * (1 / scale)).rounded(.toNearestOrEven)
    return Int8(min(Float(-leastCode - 1), max(Float(leastCode), code)))
  }

  /// Whether weights can be divided by the scale.
  static func isUsable(_ scale: Float) -> Bool { abs(scale) > 1e-37 }

  /// A scale as it is stored: the nearest bfloat16, ties to even.
  static func stored(_ scale: Float) -> Float {
    let bits = scale.bitPattern
    return Float(bitPattern: (bits &+ 0x7fff &+ ((bits >> 16) & 1)) & 0xffff_0000)
  }
}
