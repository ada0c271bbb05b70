import BallastRuntime
import CBallastKernels

/// Lends the three matrices of an expert with their lengths checked.
struct ExpertReader: Sendable {
  let source: any ExpertWeightSource
  let dimensions: ExpertDimensions

  /// The matrices as the kernels read them.
  @safe struct Matrices {
    // Safety: used only while they are lent.
    let gate: ballast_source
    let up: ballast_source
    let down: ballast_source
  }

  /// Lends all three at once.
  ///
  /// - Throws: `StagingError.badWeights` when one cannot be read or has another length.
  func withMatrices<Outcome>(
    layer: LayerID, expert: ExpertID, _ body: (Matrices) throws(StagingError) -> Outcome
  ) throws(StagingError) -> Outcome {
    // Safety: each matrix is lent around the next, and all three around `body`.
    try unsafe withMatrix(.gate, layer, expert) { gate throws(StagingError) in
      try unsafe withMatrix(.up, layer, expert) { up throws(StagingError) in
        try unsafe withMatrix(.down, layer, expert) { down throws(StagingError) in
          try unsafe body(Matrices(gate: gate, up: up, down: down))
        }
      }
    }
  }

  /// The weights as numbers.
  ///
  /// - Throws: `StagingError.badWeights` when one matrix cannot be read or has another length.
  func weights(layer: LayerID, expert: ExpertID) throws(StagingError) -> ExpertQuantizer.Weights {
    try withMatrices(layer: layer, expert: expert) { matrices in
      // Safety: the matrices are lent while their numbers are copied.
      unsafe ExpertQuantizer.Weights(
        gate: numbers(matrices.gate), up: numbers(matrices.up), down: numbers(matrices.down))
    }
  }

  private func numbers(_ source: ballast_source) -> [Float] {
    let count = dimensions.hidden * dimensions.inner
    // Safety: a matrix is lent with as many numbers as its shape has, on any boundary.
    guard let values = unsafe source.values else { return [] }
    guard unsafe source.precision == Int32(BALLAST_FLOAT32) else {
      return (0..<count).map {
        let half = unsafe values.loadUnaligned(fromByteOffset: $0 * 2, as: UInt16.self)
        return Float(bitPattern: UInt32(half) << 16)
      }
    }
    return (0..<count).map { unsafe values.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
  }

  private func withMatrix<Outcome>(
    _ matrix: ExpertMatrix, _ layer: LayerID, _ expert: ExpertID,
    _ body: (ballast_source) throws(StagingError) -> Outcome
  ) throws(StagingError) -> Outcome {
    let expected = dimensions.sourceBytes(source.precision)
    let code = source.precision.code
    let outcome = try source.withMatrix(matrix, layer: layer, expert: expert) { span in
      Result<Outcome, StagingError> { () throws(StagingError) in
        guard span.byteCount == expected else {
          throw .badWeights(
            layer: layer, expert: expert,
            reason: "\(matrix.rawValue) has \(span.byteCount) bytes; \(source.precision) of its shape takes \(expected)"
          )
        }
        // Safety: the bytes are lent for as long as `body` runs, and kernels read no further than their shape.
        let pointer = unsafe span.withUnsafeBytes { $0.baseAddress }
        return try unsafe body(ballast_source(values: pointer, precision: code))
      }
    }
    return try outcome.get()
  }
}
