public import BallastRuntime
import Glibc

/// How sure a distribution over classes is: its dispersion, raised to a power.
///
/// From 0, when all classes are equally likely, to 1, when one is certain. The power changes how much is made of a
/// dispersion, not which of two tokens is surer.
public struct Confidence: Hashable, Sendable {
  /// How sure a distribution is before the power.
  public let dispersion: Dispersion
  /// The power, above 0 and at most 1000.
  public let exponent: Double

  /// States a measure.
  ///
  /// - Throws: `GatingError.outOfRange`.
  public init(_ dispersion: Dispersion, exponent: Double = 1) throws(GatingError) {
    guard exponent > 0, exponent <= 1000 else {
      throw .outOfRange(name: "exponent", value: exponent, allowed: 0...1000)
    }
    self.dispersion = dispersion
    self.exponent = exponent
  }

  /// The confidence of a distribution given as logits.
  ///
  /// - Parameter logits: One a class; finite. A single class is certain.
  /// - Returns: A number from 0 to 1.
  /// - Throws: `GatingError.expertsPerLayer` when there is none, `.logitNotFinite`.
  public func of(_ logits: Span<Float>) throws(GatingError) -> Double {
    guard (1...65_535).contains(logits.count) else {
      throw .expertsPerLayer(logits.count, allowed: 1...65_535)
    }
    try GatingError.checkFinite(logits, expertsPerLayer: logits.count)
    var softmax = RouterSoftmax(experts: logits.count)
    softmax.read(logits)
    return of(softmax, logits)
  }

  /// The confidence of a row that `softmax` has read.
  func of(_ softmax: RouterSoftmax, _ row: Span<Float>) -> Double {
    let dispersion = clamped(dispersion(softmax, row))
    return exponent == 1 ? dispersion : pow(dispersion, exponent)
  }

  private func dispersion(_ softmax: RouterSoftmax, _ row: Span<Float>) -> Double {
    let classes = Double(row.count)
    guard row.count > 1 else { return 1 }
    switch dispersion {
    case .variance: return (classes * softmax.concentration - 1) / (classes - 1)
    case .entropy: return 1 - softmax.entropy / log(classes)
    case .random: return Self.draw(row)
    }
  }

  private func clamped(_ value: Double) -> Double { min(1, max(0, value)) }

  /// A number of 0..<1 that depends on every bit of the row, and on nothing else.
  private static func draw(_ row: Span<Float>) -> Double {
    var mixed = SplitMix64(seed: UInt64(row.count)).mixed
    for index in row.indices { mixed = SplitMix64(seed: mixed ^ UInt64(row[index].bitPattern)).mixed }
    return Double(mixed >> 11) * 0x1p-53
  }
}

extension SplitMix64 {
  /// The first number that follows from the seed.
  fileprivate var mixed: UInt64 {
    var source = self
    return source.next()
  }
}
