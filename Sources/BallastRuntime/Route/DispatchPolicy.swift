/// Which replicas a dispatch may use.
public enum DispatchPolicy: Hashable, Sendable {
  /// Replicas where they live.
  case resident
  /// Replicas where they live, and copies borrowed for one batch by devices with room.
  case borrowing(BorrowLimits)
  /// Only replicas at this precision: results do not depend on load.
  case pinned(Precision)
}

/// When a device may borrow an expert for one batch (LLEP, arXiv 2601.17111).
public struct BorrowLimits: Hashable, Sendable {
  /// Borrowing starts when the busiest device exceeds the mean by this factor (λ); at least 1.
  public var imbalanceThreshold: Double
  /// A device takes at most this many times the mean load (α); at least 1.
  public var capacityFactor: Double
  /// Fewest tokens worth a matrix product of their own (m); at least 1.
  public var minimumChunkTokens: Int

  /// States the limits; the defaults are the paper's.
  public init(imbalanceThreshold: Double = 1.3, capacityFactor: Double = 1, minimumChunkTokens: Int = 1024) {
    self.imbalanceThreshold = imbalanceThreshold
    self.capacityFactor = capacityFactor
    self.minimumChunkTokens = minimumChunkTokens
  }
}
