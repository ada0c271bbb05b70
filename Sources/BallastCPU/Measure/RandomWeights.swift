import BallastRuntime

/// The same three random matrices for every expert.
struct RandomWeights: ExpertWeightSource {
  let precision = Precision.float32
  private let matrices: [ExpertMatrix: [Float]]

  init(dimensions: ExpertDimensions, seed: UInt64) {
    var matrices: [ExpertMatrix: [Float]] = [:]
    for (place, matrix) in ExpertMatrix.allCases.enumerated() {
      var random = SplitMix64(seed: seed &+ UInt64(place))
      let depth = matrix == .down ? dimensions.inner : dimensions.hidden
      let scale = 1 / Float(depth).squareRoot()
      matrices[matrix] = (0..<dimensions.hidden * dimensions.inner).map { _ in random.nextGaussian() * scale }
    }
    self.matrices = matrices
  }

  func withMatrix<Outcome>(
    _ matrix: ExpertMatrix, layer: LayerID, expert: ExpertID, _ body: (RawSpan) -> Outcome
  ) throws(StagingError) -> Outcome {
    guard let values = matrices[matrix] else {
      throw .badWeights(layer: layer, expert: expert, reason: "no such matrix")
    }
    // Safety: floats have no padding.
    return body(unsafe values.span.bytes)
  }
}
