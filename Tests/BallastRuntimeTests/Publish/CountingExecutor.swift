import BallastRuntime
import Synchronization

/// An executor that holds nothing and computes, for each token, the sum of its gates in every column.
final class CountingExecutor: ExpertExecutor {
  let shape: ModelShape
  let topology: Topology
  let precisions = Precision.allCases
  let memory: [DeviceMemory] = []
  let failure: ExecutionError?
  let executed = Mutex(0)
  let sampled = Mutex(0)

  init(shape: ModelShape, topology: Topology, failure: ExecutionError? = nil) {
    self.shape = shape
    self.topology = topology
    self.failure = failure
  }

  func stage(_ replica: Replica, layer: LayerID) async throws(StagingError) -> StagedReplica {
    StagedReplica(layer: layer, replica: replica, handle: 0, bytes: 0, relativeError: 0)
  }

  func retire(_ replica: StagedReplica) async {}

  func execute(
    _ dispatch: borrowing Dispatch, layer: LayerID, input: Span<Float>, output: inout MutableSpan<Float>,
    sample: inout ExecutionSample?
  ) throws(ExecutionError) {
    executed.withLock { $0 += 1 }
    if let failure { throw failure }
    let hidden = dispatch.tokenCount > 0 ? output.count / dispatch.tokenCount : 0
    for index in output.indices { output[index] = 0 }
    for entry in dispatch.rows.indices {
      for column in 0..<hidden { output[Int(dispatch.rows[entry]) * hidden + column] += dispatch.gates[entry] }
    }
    guard sample != nil else { return }
    sampled.withLock { $0 += 1 }
    sample?.norms = dispatch.rows.map { _ in 2 }
    sample?.shadows = [ExecutionSample.Shadow(expert: dispatch.runs[0].expert, relativeError: 0.25)]
  }

  func calibrate() async throws(StagingError) -> CostModel { .tokens }
}
