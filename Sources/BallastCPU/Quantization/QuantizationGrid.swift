import BallastRuntime

/// The numbers a low precision can hold: symmetric whole steps, and how many weights share a scale.
struct QuantizationGrid: Hashable, Sendable {
  /// The largest step; the smallest is its negative.
  let largestStep: Int
  /// Weights along a row that share a scale.
  let groupWidth: Int

  /// The grid of a precision; nil when it stores weights as floating-point numbers.
  init?(_ precision: Precision) {
    switch precision {
    case .float32, .bfloat16: return nil
    case .int8: largestStep = 127
    case .int4: largestStep = 7
    }
    groupWidth = 64
  }

  /// Groups of a row, the last of which may be shorter.
  func groups(_ columns: Int) -> Int { (columns + groupWidth - 1) / groupWidth }

  /// Columns of a group.
  func columns(of group: Int, in columns: Int) -> Range<Int> {
    group * groupWidth..<min((group + 1) * groupWidth, columns)
  }

  /// The scale that lets the group's largest weight take the largest step; 0 for a group of zeros.
  func plainScale(_ weights: Span<Float>) -> Float {
    var largest: Float = 0
    for index in weights.indices { largest = max(largest, abs(weights[index])) }
    return largest / Float(largestStep)
  }

  /// The nearest step, ties to even.
  func step(_ weight: Float, scale: Float) -> Int8 {
    guard scale > .leastNormalMagnitude else { return 0 }
    let most = Float(largestStep)
    return Int8(min(most, max(-most, (weight / scale).rounded(.toNearestOrEven))))
  }
}
