import Foundation

/// How well next bytes were predicted: a sum that scores of parts can be added to.
public struct PredictionScore: Hashable, Sendable {
  /// Bytes that were predicted.
  public private(set) var bytes = 0
  /// Σ −log₂ of the probability given to the byte that came.
  public private(set) var bits = 0.0
  /// Bytes that had the highest probability; equal ones go to the lower byte.
  public private(set) var correctBytes = 0

  /// A score of nothing.
  public init() {}

  /// Bits a byte; nil before the first prediction.
  public var bitsPerByte: Double? { bytes > 0 ? bits / Double(bytes) : nil }

  /// The share of bytes predicted right; nil before the first prediction.
  public var nextByteAccuracy: Double? { bytes > 0 ? Double(correctBytes) / Double(bytes) : nil }

  /// Adds one prediction.
  ///
  /// - Parameters:
  ///   - logits: One a byte.
  ///   - next: The byte that came; below `logits.count`.
  public mutating func add(logits: Span<Float>, next: UInt8) {
    var best = 0
    for byte in 1..<max(1, logits.count) where logits[byte] > logits[best] { best = byte }
    let highest = logits[best]
    var sum = SIMD16<Float>.zero
    var byte = 0
    while byte < logits.count {
      var differences = SIMD16<Float>(repeating: -.infinity)
      for lane in 0..<min(16, logits.count - byte) { differences[lane] = logits[byte + lane] - highest }
      sum += Exponential.of(differences)
      byte += 16
    }
    bytes += 1
    bits += log2(Double(sum.sum())) - Double(logits[Int(next)] - highest) * 1.442_695_040_888_963_4
    if best == Int(next) { correctBytes += 1 }
  }

  /// Adds the predictions of another score.
  public mutating func add(_ other: PredictionScore) {
    bytes += other.bytes
    bits += other.bits
    correctBytes += other.correctBytes
  }
}
