/// The sequences of some texts that share no run of bytes with what is scored, so that nothing is fitted to its test.
public struct CalibrationTexts: Hashable, Sendable {
  /// What may be fitted, `[sequence][byte]`.
  public let sequences: [[UInt8]]
  /// Sequences that were left out because they share bytes with what is scored.
  public let leftOut: Int

  /// Bytes in a row that two texts must share to count as the same: fewer are common phrases, and every run of twice as
  /// many is found.
  public static let sharedBytes = 64

  /// Cuts `texts` into sequences and leaves out those that share bytes with `scored`; shorter tails are dropped.
  ///
  /// - Complexity: O(bytes of both).
  public init(_ texts: [DomainText], excluding scored: [DomainText], sequenceBytes: Int = 256) {
    let length = max(1, sequenceBytes)
    var known: Set<UInt64> = []
    for text in scored {
      for start in stride(from: 0, through: text.bytes.count - Self.sharedBytes, by: Self.sharedBytes) {
        known.insert(RollingHash(text.bytes[start..<start + Self.sharedBytes]).value)
      }
    }
    var kept: [[UInt8]] = []
    var total = 0
    for text in texts {
      let shared = Self.sharedSequences(text.bytes, known, length)
      for sequence in 0..<text.bytes.count / length {
        total += 1
        guard !shared.contains(sequence) else { continue }
        kept.append(Array(text.bytes[sequence * length..<(sequence + 1) * length]))
      }
    }
    sequences = kept
    leftOut = total - kept.count
  }

  /// The sequences that a shared window touches.
  private static func sharedSequences(_ bytes: [UInt8], _ known: Set<UInt64>, _ length: Int) -> Set<Int> {
    var shared: Set<Int> = []
    guard bytes.count >= sharedBytes, !known.isEmpty else { return shared }
    var hash = RollingHash(bytes[0..<sharedBytes])
    for start in 0...bytes.count - sharedBytes {
      if start > 0 { hash.roll(out: bytes[start - 1], in: bytes[start + sharedBytes - 1]) }
      guard known.contains(hash.value) else { continue }
      shared.insert(start / length)
      shared.insert((start + sharedBytes - 1) / length)
    }
    return shared
  }
}

/// A hash of a window of bytes that moves along a text.
private struct RollingHash {
  private(set) var value: UInt64 = 0
  /// The factor of the window's first byte.
  private let first: UInt64

  private static let factor: UInt64 = 0x9e37_79b9_7f4a_7c15

  init(_ window: ArraySlice<UInt8>) {
    var power: UInt64 = 1
    for _ in 1..<max(1, window.count) { power = power &* Self.factor }
    first = power
    for byte in window { value = value &* Self.factor &+ UInt64(byte) &+ 1 }
  }

  mutating func roll(out old: UInt8, in new: UInt8) {
    value = (value &- (UInt64(old) &+ 1) &* first) &* Self.factor &+ UInt64(new) &+ 1
  }
}
