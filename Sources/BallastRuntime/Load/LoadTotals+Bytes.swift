// The form of a load between processes and in files: layers, experts, and the counts as `counts` has them, sealed.
extension LoadTotals {
  private static var mark: UInt64 { 0x6461_6f6c_6c6c_6162 }
  private static var formatVersion: UInt64 { 1 }

  /// The load as bytes, with a version and a checksum.
  public var bytes: [UInt8] {
    var words = SealedWords(mark: Self.mark, version: Self.formatVersion)
    words.append(layers)
    words.append(expertsPerLayer)
    words.append(counts)
    return words.bytes
  }

  /// The load that was written as these bytes.
  ///
  /// - Throws: `LoadBytesError`, whatever the bytes are.
  public init(bytes: Span<UInt8>) throws(LoadBytesError) {
    do throws(SealedError) {
      var words = try SealedReader(bytes, mark: Self.mark, version: Self.formatVersion)
      try self.init(&words, bytes: bytes.count)
    } catch {
      throw .sealed(error)
    }
    for count in counts where count > Self.mostTokens { throw .tooMany(count) }
  }

  private init(_ words: inout SealedReader, bytes: Int) throws(SealedError) {
    let layers = try words.integer("layers", in: 1...65_535)
    let experts = try words.integer("experts", in: 1...65_535)
    guard words.left == Phase.allCases.count * layers * Self.columns(expertsPerLayer: experts) else {
      throw .length(bytes: bytes)
    }
    self.init(layers: layers, expertsPerLayer: experts)
    for index in counts.indices { counts[index] = try words.word() }
  }

  /// Both loads together.
  ///
  /// - Throws: `LoadBytesError.shape` when they are of different models, `tooMany` when a sum is beyond counting.
  public func adding(_ other: LoadTotals) throws(LoadBytesError) -> LoadTotals {
    guard layers == other.layers, expertsPerLayer == other.expertsPerLayer else {
      throw .shape(layers: UInt64(other.layers), experts: UInt64(other.expertsPerLayer))
    }
    var sum = self
    for index in counts.indices {
      let (count, overflow) = counts[index].addingReportingOverflow(other.counts[index])
      guard !overflow, count <= Self.mostTokens else { throw .tooMany(overflow ? .max : count) }
      sum.counts[index] = count
    }
    return sum
  }

  /// Sums over all experts and phases stay countable.
  private static var mostTokens: UInt64 { 1 << 44 }
}

/// Why bytes are no load, or loads cannot be joined.
public enum LoadBytesError: Error, Hashable, CustomStringConvertible {
  /// The bytes are no load of this version, or damaged.
  case sealed(SealedError)
  /// The loads are of different models.
  case shape(layers: UInt64, experts: UInt64)
  /// A count is beyond what can be counted.
  case tooMany(UInt64)

  /// The fact, with the values.
  public var description: String {
    switch self {
    case .sealed(let error): "this is no load: \(error)"
    case .shape(let layers, let experts): "a load of \(layers) layers of \(experts) experts does not fit"
    case .tooMany(let count): "a count of \(count) tokens; the limit is 2 to the power of 44"
    }
  }
}
