/// What goes between processes and into files: little-endian words, namely a mark, a version, the content, and a checksum
/// over everything before it (FNV-1a, 64 bits, which no change of a single byte leaves as it was).
package struct SealedWords {
  private var words: [UInt64]

  /// Begins content of a kind and a version.
  package init(mark: UInt64, version: UInt64) { words = [mark, version] }

  package mutating func append(_ word: UInt64) { words.append(word) }
  package mutating func append(_ number: Int) { words.append(UInt64(truncatingIfNeeded: number)) }
  package mutating func append(_ number: Double) { words.append(number.bitPattern) }
  package mutating func append(_ numbers: [UInt64]) { words.append(contentsOf: numbers) }
  package mutating func append(_ numbers: [Double]) { for number in numbers { append(number) } }

  /// Everything as bytes, sealed.
  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity((words.count + 1) * 8)
    for word in words { Self.append(word, to: &bytes) }
    Self.append(Self.checksum(bytes.span, bytes.count), to: &bytes)
    return bytes
  }

  private static func append(_ word: UInt64, to bytes: inout [UInt8]) {
    for byte in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> (8 * byte))) }
  }

  static func checksum(_ bytes: Span<UInt8>, _ count: Int) -> UInt64 {
    var sum: UInt64 = 0xcbf2_9ce4_8422_2325
    for index in 0..<count { sum = (sum ^ UInt64(bytes[index])) &* 0x100_0000_01b3 }
    return sum
  }
}
