public import BallastRuntime

/// Experts with arbitrary weights, each its own, for measuring without a checkpoint.
public struct SeededWeights: ExpertWeightSource {
  private let layers: Int
  private let experts: Int
  private let matrix: Int
  /// `[layer][expert][matrix][element]`, bfloat16.
  private let elements: [UInt16]

  /// Weights are stored as the upper halves of floats.
  public let precision = Precision.bfloat16

  /// Draws small weights for every matrix of `layers` × `experts` experts, which takes their bytes in memory.
  public init(layers: Int, experts: Int, dimensions: ExpertDimensions, seed: UInt64) {
    self.layers = layers
    self.experts = experts
    matrix = dimensions.hidden * dimensions.inner
    var random = SplitMix64(seed: seed)
    elements = (0..<layers * experts * ExpertMatrix.allCases.count * matrix).map { _ in
      // Uniform in ±1/16.
      let value = Float(Int32(truncatingIfNeeded: random.next() >> 32)) / Float(Int32.max) / 16
      return UInt16(value.bitPattern >> 16)
    }
  }

  /// Lends a matrix.
  ///
  /// - Throws: `StagingError.badWeights` for an expert it was not made for.
  public func withMatrix<Outcome>(
    _ matrix: ExpertMatrix, layer: LayerID, expert: ExpertID, _ body: (RawSpan) -> Outcome
  ) throws(StagingError) -> Outcome {
    guard (0..<layers).contains(layer.index), (0..<experts).contains(expert.index) else {
      throw .badWeights(
        layer: layer, expert: expert, reason: "weights were drawn for \(layers) layers of \(experts) experts")
    }
    let place =
      switch matrix {
      case .gate: 0
      case .up: 1
      case .down: 2
      }
    let first = ((layer.index * experts + expert.index) * ExpertMatrix.allCases.count + place) * self.matrix
    // Safety: every bit pattern of the elements may be read as bytes.
    return body(unsafe elements.span.extracting(first..<first + self.matrix).bytes)
  }
}
