import BallastCPU
import BallastRuntime
import BallastServing

/// A checkpoint's experts as the CPU executor reads them: from the mapped file, when a replica is staged.
struct CheckpointWeights: ExpertWeightSource {
  private let checkpoint: MixtralCheckpoint
  private let muted: Set<MutedExpert>

  init(_ checkpoint: MixtralCheckpoint, muted: Set<MutedExpert> = []) {
    self.checkpoint = checkpoint
    self.muted = muted
  }

  var precision: Precision { checkpoint.fullPrecision }

  func withMatrix<Outcome>(
    _ matrix: ExpertMatrix, layer: LayerID, expert: ExpertID, _ body: (RawSpan) -> Outcome
  ) throws(StagingError) -> Outcome {
    let weights = checkpoint.weights(of: expert, layer: layer)
    let tensor =
      switch matrix {
      case .gate: weights.gate
      case .up: weights.up
      case .down: weights.down
      }
    if muted.contains(MutedExpert(layer: layer, expert: expert)) {
      return tensor.withZeroBytes(body)
    }
    return tensor.element == .float16 ? tensor.withFloatBytes(body) : tensor.withBytes(body)
  }
}
