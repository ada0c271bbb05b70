import BallastRuntime

/// An executor that computes nothing, so that what is measured is the serving path alone.
struct IdleExecutor: ExpertExecutor {
  let shape: ModelShape
  let topology: Topology
  let precisions: [Precision] = [.bfloat16]

  func stage(_ replica: Replica, layer: LayerID) async throws(StagingError) -> StagedReplica {
    StagedReplica(layer: layer, replica: replica, handle: 0, bytes: 1, relativeError: 0)
  }

  func retire(_ replica: StagedReplica) async {}

  func execute(
    _ dispatch: borrowing Dispatch, layer: LayerID, input: Span<Float>, output: inout MutableSpan<Float>,
    sample: inout ExecutionSample?
  ) throws(ExecutionError) {}

  func calibrate() async throws(StagingError) -> CostModel { .tokens }

  var memory: [DeviceMemory] { [] }
}
