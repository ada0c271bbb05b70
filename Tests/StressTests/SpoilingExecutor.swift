import BallastRuntime
import Synchronization

/// An executor of tables, all handles of one being the table's number, that notices a batch of a spoiled table.
final class SpoilingExecutor: ExpertExecutor {
  /// How many tables can be told apart: numbers are taken modulo this.
  static let numbers = 64

  let shape: ModelShape
  let topology: Topology
  let precisions = Precision.allCases
  let memory: [DeviceMemory] = []
  private let spoiledBatches = Atomic(0)
  private let allBatches = Atomic(0)
  /// Bit by number: whether the table's weights are spoiled.
  private let spoiledTables = Atomic<UInt64>(0)

  init(shape: ModelShape, topology: Topology) {
    self.shape = shape
    self.topology = topology
  }

  /// Batches that met a spoiled table, or two tables at once.
  var spoiled: Int { spoiledBatches.load(ordering: .relaxed) }

  /// Batches executed.
  var batches: Int { allBatches.load(ordering: .relaxed) }

  /// The table of a number, of every expert once.
  func table(_ number: Int, version: Int = 0) throws -> RoutingTable {
    try RoutingTable(
      .contiguous(shape: shape, topology: topology), handle: { _, _ in UInt32(number % Self.numbers) }, shape: shape,
      topology: topology, cost: .tokens, version: UInt64(version))
  }

  /// Makes a table's weights fresh: before it is published.
  func freshen(_ number: Int) {
    spoiledTables.bitwiseAnd(~(1 << UInt64(number % Self.numbers)), ordering: .sequentiallyConsistent)
  }

  /// Spoils a table's weights: as soon as no lane can reach it.
  func spoil(_ number: Int) {
    spoiledTables.bitwiseOr(1 << UInt64(number % Self.numbers), ordering: .sequentiallyConsistent)
  }

  func stage(_ replica: Replica, layer: LayerID) async throws(StagingError) -> StagedReplica {
    throw .unsupportedPrecision(replica.precision)
  }

  func retire(_ replica: StagedReplica) async {}

  func execute(
    _ dispatch: borrowing Dispatch, layer: LayerID, input: Span<Float>, output: inout MutableSpan<Float>,
    sample: inout ExecutionSample?
  ) throws(ExecutionError) {
    let handle = dispatch.runs[0].handle
    // Again and again, as a computation reads its weights: the longer it takes, the likelier a table is spoiled meanwhile.
    for _ in 0..<64 {
      let isSpoiled = spoiledTables.load(ordering: .sequentiallyConsistent) >> UInt64(handle) & 1 == 1
      if isSpoiled || dispatch.runs.contains(where: { $0.handle != handle }) {
        spoiledBatches.add(1, ordering: .relaxed)
      }
    }
    allBatches.add(1, ordering: .relaxed)
  }

  func calibrate() async throws(StagingError) -> CostModel { .tokens }
}
