import Ballast
import BallastRuntime
import BallastSimulator
import Glibc
import Synchronization

/// A cluster on which a batch computes until it is released.
final class StallingExecutor: ExpertExecutor {
  private let cluster: SimulatedCluster
  private let isReleased = Atomic(false)

  init(cluster: SimulatedCluster) { self.cluster = cluster }

  var shape: ModelShape { cluster.shape }
  var topology: Topology { cluster.topology }
  var precisions: [Precision] { cluster.precisions }
  var memory: [DeviceMemory] { cluster.memory }

  func stage(_ replica: Replica, layer: LayerID) async throws(StagingError) -> StagedReplica {
    try await cluster.stage(replica, layer: layer)
  }

  func retire(_ replica: StagedReplica) async { await cluster.retire(replica) }

  func execute(
    _ dispatch: borrowing Dispatch, layer: LayerID, input: Span<Float>, output: inout MutableSpan<Float>,
    sample: inout ExecutionSample?
  ) throws(ExecutionError) {
    while !isReleased.load(ordering: .acquiring) { usleep(100) }
  }

  func calibrate() async throws(StagingError) -> CostModel { try await cluster.calibrate() }

  func release() { isReleased.store(true, ordering: .releasing) }

  /// One batch of one token, by a lane of its own.
  func serveUntilReleased(_ balancer: Balancer) throws {
    var lane = try balancer.makeLane()
    let selection = try ZipfWorkload(shape: shape, exponent: 1, seed: 1).selection(
      layer: LayerID(0), tokens: 1, batch: 0)
    let input: [Float] = [1]
    var output: [Float] = [0]
    var span = output.mutableSpan
    try lane.serve(selection, layer: LayerID(0), input: input.span, output: &span)
  }
}
