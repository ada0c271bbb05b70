public import BallastRuntime

/// How devices borrow replicas for a batch in a replay.
public struct ReplayBorrowing: Sendable {
  /// When a batch is borrowed for, and how much.
  public let limits: BorrowLimits
  /// Bytes a second at which a borrowed replica comes, before its tokens are computed; infinity judges tokens alone.
  public let linkBytesPerSecond: Double

  /// A device with more than this many times the mean gives tokens away, until it has as much.
  public static let capacityFactor = 1.01

  /// States how; by default links are free, so that what is left is what borrowing could not even.
  public init(
    limits: BorrowLimits = BorrowLimits(
      imbalanceThreshold: capacityFactor, capacityFactor: capacityFactor, minimumChunkTokens: 1),
    linkBytesPerSecond: Double = .infinity
  ) {
    self.limits = limits
    self.linkBytesPerSecond = linkBytesPerSecond
  }
}
