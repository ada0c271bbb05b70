public import BallastRuntime

/// The sizes of a gated expert: three matrices of `hidden` × `inner`.
public struct ExpertSize: Hashable, Sendable {
  /// Length of what an expert reads and writes.
  public let hidden: Int
  /// Length between its products.
  public let inner: Int

  /// States the sizes, each 1…65 536.
  public init(hidden: Int, inner: Int) {
    self.hidden = hidden
    self.inner = inner
  }

  /// Weights of one expert.
  public var weights: Int { 3 * hidden * inner }

  /// Bytes of one expert at each precision, scales not counted.
  public var bytes: PerPrecision<Int> {
    PerPrecision { precision in
      switch precision {
      case .float32: weights * 4
      case .bfloat16: weights * 2
      case .int8: weights
      case .int4: (weights + 1) / 2
      }
    }
  }
}
