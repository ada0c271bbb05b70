import BallastCPU
import BallastRuntime

/// Both experts as the CPU executor reads them: expert 0 is the weak one, expert 1 the strong one.
struct NodeWeights: ExpertWeightSource {
  let experts: [NodeExpert]

  let precision = Precision.float32

  func withMatrix<Outcome>(
    _ matrix: ExpertMatrix, layer: LayerID, expert: ExpertID, _ body: (RawSpan) -> Outcome
  ) throws(StagingError) -> Outcome {
    let weights = experts[expert.index]
    let values =
      switch matrix {
      case .gate: weights.gate
      case .up: weights.up
      case .down: weights.down
      }
    return body(values.span.bytes)
  }
}
