import BallastServing

/// The texts as streams that are decoded side by side, byte after byte.
struct PaperStreams {
  /// `[stream][position]`.
  let streams: [[UInt8]]

  /// Bytes of a stream.
  static let positions = 32

  /// Cuts the second halves of the texts, in turns, so that every batch holds all domains.
  init(_ texts: [DomainText]) {
    var streams: [[UInt8]] = []
    let halves = texts.map { Array($0.bytes[($0.bytes.count / 2)...]) }
    let longest = halves.map(\.count).max() ?? 0
    for start in stride(from: 0, to: longest, by: Self.positions) {
      for half in halves where start + Self.positions <= half.count {
        streams.append(Array(half[start..<start + Self.positions]))
      }
    }
    self.streams = streams
  }

  /// The streams of each batch, until `tokens` tokens have been decoded; from the first stream again after the last.
  func groups(batch: Int, tokens: Int) -> [[[UInt8]]] {
    let count = max(1, (tokens + batch * Self.positions - 1) / (batch * Self.positions))
    return (0..<count).map { group in (0..<batch).map { streams[(group * batch + $0) % streams.count] } }
  }
}
