/// Reads back what `SealedWords` wrote; whatever the bytes are, nothing is read past them.
package struct SealedReader {
  private let words: [UInt64]
  private var next = 2

  /// Opens sealed bytes of a kind and a version.
  package init(_ bytes: Span<UInt8>, mark: UInt64, version: UInt64) throws(SealedError) {
    guard bytes.count >= 24, bytes.count % 8 == 0 else { throw .length(bytes: bytes.count) }
    let words = (0..<bytes.count / 8).map { word in
      (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[word * 8 + $1]) << (8 * $1) }
    }
    guard words[0] == mark else { throw .anotherKind }
    guard words[1] == version else { throw .version(words[1], known: version) }
    guard words[words.count - 1] == SealedWords.checksum(bytes, bytes.count - 8) else { throw .damaged }
    self.words = words
  }

  /// Words of content not read yet.
  package var left: Int { words.count - 1 - next }

  package mutating func word() throws(SealedError) -> UInt64 {
    guard left > 0 else { throw .length(bytes: words.count * 8) }
    defer { next += 1 }
    return words[next]
  }

  /// A whole number in a range.
  package mutating func integer(_ name: String, in range: ClosedRange<Int>) throws(SealedError) -> Int {
    let word = try word()
    guard let value = Int(exactly: word), range.contains(value) else {
      throw .outOfRange(name, value: "\(word)", allowed: "\(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// How many elements follow, of at least one word each.
  package mutating func count(_ name: String, most: Int) throws(SealedError) -> Int {
    try integer(name, in: 0...min(most, max(left - 1, 0)))
  }

  /// A number in a range.
  package mutating func number(_ name: String, in range: ClosedRange<Double>) throws(SealedError) -> Double {
    let value = Double(bitPattern: try word())
    guard range.contains(value) else {
      throw .outOfRange(name, value: "\(value)", allowed: "\(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// As many numbers of a range.
  package mutating func numbers(
    _ name: String, count: Int, in range: ClosedRange<Double>
  ) throws(SealedError) -> [Double] {
    guard count <= left else { throw .length(bytes: words.count * 8) }
    var values: [Double] = []
    values.reserveCapacity(count)
    for _ in 0..<count { values.append(try number(name, in: range)) }
    return values
  }

  /// Sees that nothing is left over.
  package func finish() throws(SealedError) {
    guard left == 0 else { throw .length(bytes: words.count * 8) }
  }
}
