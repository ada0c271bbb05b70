import BallastRuntime
import Benchmark

/// The batches of `ballast bench dispatch`: 256 experts on 32 devices, 288 replicas.
enum ServingShape: String, CaseIterable {
  /// 4096 tokens.
  case dispatchPrefill = "DispatchPrefill"
  /// 16 tokens.
  case dispatchDecode = "DispatchDecode"
  /// 4096 tokens, and devices may borrow.
  case dispatchBorrow = "DispatchBorrow"

  var tokens: Int { self == .dispatchDecode ? 16 : 4096 }

  /// A prefill batch takes as long as a hundred decode batches.
  var configuration: Benchmark.Configuration {
    Benchmark.Configuration(
      metrics: [.mallocCountTotal, .wallClock], warmupIterations: 3,
      scalingFactor: self == .dispatchDecode ? .kilo : .one, maxDuration: .seconds(1))
  }
}

extension Workload {
  init(_ shape: ServingShape) throws {
    let law = CostModel(
      activationNanoseconds: PerPrecision(repeating: 20_000), perTokenNanoseconds: PerPrecision(repeating: 150),
      linkBytesPerSecond: .infinity, nodeLinkBytesPerSecond: .infinity)
    let borrows = shape == .dispatchBorrow
    try self.init(
      tokens: shape.tokens, experts: 256, devices: 32, copyEvery: 8, cost: law,
      policy: borrows
        ? .borrowing(BorrowLimits(imbalanceThreshold: 1, capacityFactor: 1, minimumChunkTokens: 16)) : .resident)
  }
}
