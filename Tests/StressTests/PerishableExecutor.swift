import BallastRuntime
import Synchronization

/// An executor whose weights spoil when they are retired, so that whoever still computes with them notices.
///
/// What it shares is shared as an executor that computes would: weights are written before a table names them and
/// freed after no lane can reach them, with nothing else between the two. Whatever orders them is the serving path.
final class PerishableExecutor: ExpertExecutor, @unchecked Sendable {
  // Safety: a cell is written only by the rollout, before a table names it or after no lane can reach it: that is
  // what the tests find out, and what the sanitizers watch.
  private let cells: UnsafeMutableBufferPointer<UnsafeMutablePointer<UInt64>?>
  private let free: Mutex<[UInt32]>
  private let attempts = Atomic(0)
  private let spoiledRuns = Atomic(0)

  let shape: ModelShape
  let topology: Topology
  let precisions = Precision.allCases
  let memory: [DeviceMemory] = []
  /// One staging in this many fails.
  let failureInterval: Int

  init(shape: ModelShape, topology: Topology, failureInterval: Int = .max, capacity: Int = 64) {
    self.shape = shape
    self.topology = topology
    self.failureInterval = failureInterval
    cells = .allocate(capacity: capacity)
    cells.initialize(repeating: nil)
    free = Mutex((0..<UInt32(capacity)).reversed())
  }

  deinit {
    for cell in cells { cell?.deallocate() }
    cells.deallocate()
  }

  /// Runs that met weights of another replica, or none.
  var spoiled: Int { spoiledRuns.load(ordering: .relaxed) }

  /// Replicas whose weights are there.
  var staged: Int { cells.count { $0 != nil } }

  func stage(_ replica: Replica, layer: LayerID) async throws(StagingError) -> StagedReplica {
    let attempt = attempts.add(1, ordering: .relaxed).newValue
    if attempt % failureInterval == 0 { throw .deviceLost(replica.device) }
    guard let handle = free.withLock({ $0.popLast() }) else {
      throw .outOfMemory(device: replica.device, neededBytes: 1, freeBytes: 0)
    }
    let weights = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
    weights.initialize(to: Self.weights(of: replica.expert))
    cells[Int(handle)] = weights
    return StagedReplica(layer: layer, replica: replica, handle: handle, bytes: 1, relativeError: 0)
  }

  func retire(_ replica: StagedReplica) async {
    let weights = cells[Int(replica.handle)]
    weights?.pointee = .max
    weights?.deallocate()
    cells[Int(replica.handle)] = nil
    free.withLock { $0.append(replica.handle) }
  }

  func execute(
    _ dispatch: borrowing Dispatch, layer: LayerID, input: Span<Float>, output: inout MutableSpan<Float>,
    sample: inout ExecutionSample?
  ) throws(ExecutionError) {
    // Twice, as a computation reads its weights again and again.
    for _ in 0..<2 {
      for run in dispatch.runs where cells[Int(run.handle)]?.pointee != Self.weights(of: run.expert) {
        spoiledRuns.add(1, ordering: .relaxed)
      }
    }
  }

  func calibrate() async throws(StagingError) -> CostModel { .tokens }

  private static func weights(of expert: ExpertID) -> UInt64 { 0x600d_0000 + UInt64(expert.index) }
}
