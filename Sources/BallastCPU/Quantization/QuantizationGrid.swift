import BallastRuntime
import CBallastKernels

/// The numbers a low precision can hold: scale · code, the scale a bfloat16 that a group of weights along a row shares.
///
/// A scale may be negative, so that the code of a group's largest weight can be the one that has no opposite.
struct QuantizationGrid: Hashable, Sendable {
  let precision: Precision
  /// The smallest code; the largest is its opposite less one.
  let leastCode: Int
  /// Weights along a row that share a scale.
  let groupWidth = Int(BALLAST_GROUP)

  /// The grid of a precision; nil when it stores weights as floating-point numbers.
  init?(_ precision: Precision) {
    switch precision {
    case .float32, .bfloat16: return nil
    case .int8: leastCode = -128
    case .int4: leastCode = -8
    }
    self.precision = precision
  }

  /// Groups of a row, the last of which may be shorter.
  func groups(_ columns: Int) -> Int { (columns + groupWidth - 1) / groupWidth }

  /// Columns of a group.
  func columns(of group: Int, in columns: Int) -> Range<Int> {
    group * groupWidth..<min((group + 1) * groupWidth, columns)
  }

  /// Whether weights can be divided by the scale.
  static func isUsable(_ scale: Float) -> Bool { abs(scale) > 1e-37 }

  /// A scale as it is stored: the nearest bfloat16, ties to even.
  static func stored(_ scale: Float) -> Float {
    let bits = scale.bitPattern
    return Float(bitPattern: (bits &+ 0x7fff &+ ((bits >> 16) & 1)) & 0xffff_0000)
  }
}
