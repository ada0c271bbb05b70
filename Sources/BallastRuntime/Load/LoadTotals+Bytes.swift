// The form of a load between processes and in files. Little-endian words: a mark, the version, layers, experts, rounds,
// the counts as `counts` has them, and a checksum (FNV-1a, 64 bits) over everything before it. Version 1 had no rounds.
extension LoadTotals {
  private static var mark: UInt64 { 0x6461_6f6c_6c6c_6162 }
  private static var formatVersion: UInt64 { 2 }

  /// The load as bytes, with a version and a checksum.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity((counts.count + 6) * 8)
    let sizes = [layers, expertsPerLayer, roundsPerLayer].map { UInt64($0) }
    for word in [Self.mark, Self.formatVersion] + sizes + counts { Self.append(word, to: &bytes) }
    Self.append(Self.checksum(bytes.span, bytes.count), to: &bytes)
    return bytes
  }

  /// The load that was written as these bytes, by this version or an older one.
  ///
  /// - Throws: `LoadBytesError`, whatever the bytes are.
  public init(bytes: Span<UInt8>) throws(LoadBytesError) {
    guard bytes.count >= 40, bytes.count % 8 == 0 else { throw .length(bytes: bytes.count, expected: nil) }
    guard Self.word(bytes, 0) == Self.mark else { throw .notALoad }
    let version = Self.word(bytes, 1)
    guard (1...Self.formatVersion).contains(version) else { throw .version(version, known: Self.formatVersion) }
    guard Self.word(bytes, bytes.count / 8 - 1) == Self.checksum(bytes, bytes.count - 8) else { throw .damaged }
    let (layers, experts) = (Self.word(bytes, 2), Self.word(bytes, 3))
    // Five words are there whatever the version.
    let rounds = version == 1 ? 1 : Self.word(bytes, 4)
    guard (1...65_535).contains(layers), (1...65_535).contains(experts),
      ModelShape.roundsAllowed.contains(Int(clamping: rounds))
    else { throw .shape(layers: layers, experts: experts, rounds: rounds) }
    let words = Phase.allCases.count * Int(layers * rounds) * Self.columns(expertsPerLayer: Int(experts))
    let header = version == 1 ? 4 : 5
    guard bytes.count == (words + header + 1) * 8 else {
      throw .length(bytes: bytes.count, expected: (words + header + 1) * 8)
    }
    self.init(layers: Int(layers), expertsPerLayer: Int(experts), roundsPerLayer: Int(rounds))
    for index in 0..<words { counts[index] = Self.word(bytes, index + header) }
    for count in counts where count > Self.mostTokens { throw .tooMany(count) }
  }

  /// Both loads together.
  ///
  /// - Throws: `LoadBytesError.shape` when they are of different models, `tooMany` when a sum is beyond counting.
  public func adding(_ other: LoadTotals) throws(LoadBytesError) -> LoadTotals {
    guard layers == other.layers, expertsPerLayer == other.expertsPerLayer, roundsPerLayer == other.roundsPerLayer
    else {
      throw .shape(
        layers: UInt64(other.layers), experts: UInt64(other.expertsPerLayer), rounds: UInt64(other.roundsPerLayer))
    }
    var sum = self
    for index in counts.indices {
      let (count, overflow) = counts[index].addingReportingOverflow(other.counts[index])
      guard !overflow, count <= Self.mostTokens else { throw .tooMany(overflow ? .max : count) }
      sum.counts[index] = count
    }
    return sum
  }

  /// Sums over all experts, rounds and phases stay countable.
  private static var mostTokens: UInt64 { 1 << 44 }

  private static func append(_ word: UInt64, to bytes: inout [UInt8]) {
    for byte in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> (8 * byte))) }
  }

  private static func word(_ bytes: Span<UInt8>, _ index: Int) -> UInt64 {
    (0..<8).reduce(0) { $0 | UInt64(bytes[index * 8 + $1]) << (8 * $1) }
  }

  private static func checksum(_ bytes: Span<UInt8>, _ count: Int) -> UInt64 {
    var sum: UInt64 = 0xcbf2_9ce4_8422_2325
    for index in 0..<count { sum = (sum ^ UInt64(bytes[index])) &* 0x100_0000_01b3 }
    return sum
  }
}

/// Why bytes are no load, or loads cannot be joined.
public enum LoadBytesError: Error, Hashable, CustomStringConvertible {
  /// There are too few bytes, or not as many as the load they state has.
  case length(bytes: Int, expected: Int?)
  /// The bytes are something else.
  case notALoad
  /// The bytes are of a version this library does not know.
  case version(UInt64, known: UInt64)
  /// The checksum is not that of the bytes.
  case damaged
  /// The load is of an impossible model, or of another.
  case shape(layers: UInt64, experts: UInt64, rounds: UInt64)
  /// A count is beyond what can be counted.
  case tooMany(UInt64)

  /// The fact, with the values.
  public var description: String {
    switch self {
    case .length(let bytes, let expected):
      "\(bytes) bytes are not a load" + (expected.map { "; \($0) are expected" } ?? ", which has at least 40")
    case .notALoad: "the bytes are not a load: they begin otherwise"
    case .version(let version, let known): "the load is of version \(version); this library knows \(known)"
    case .damaged: "the load is damaged: its checksum does not fit; send it again"
    case .shape(let layers, let experts, let rounds):
      "a load of \(layers) layers of \(experts) experts, \(rounds) rounds each, does not fit"
    case .tooMany(let count): "a count of \(count) tokens; the limit is 2 to the power of 44"
    }
  }
}
