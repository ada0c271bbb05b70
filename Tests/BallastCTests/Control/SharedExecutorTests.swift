import BallastCPU
import BallastRuntime
import Testing

@testable import BallastC

@Suite struct SharedExecutorTests {
  @Test func weightsAreReadWhereTheCallerKeepsThem() throws {
    let shape = try ModelShape(
      layers: 1, expertsPerLayer: 2, expertsPerToken: 1, bytesPerExpert: PerPrecision(repeating: 8),
      fullPrecision: .float32)
    let weights = LoadedWeights(shape: shape, precision: .float32, hidden: 2, inner: 1)
    #expect(weights.missing == 2 && weights.alignment == 4)
    let matrices: [[Float]] = [[1, 2], [3, 4], [5, 6]]
    try matrices[0].withUnsafeBytes { gate in
      try matrices[1].withUnsafeBytes { up in
        try matrices[2].withUnsafeBytes { down in
          let starts = (try #require(gate.baseAddress), try #require(up.baseAddress), try #require(down.baseAddress))
          weights.load(LayerID(0), ExpertID(1), gate: starts.0, up: starts.1, down: starts.2)
          #expect(weights.missing == 1)
          for (matrix, values) in zip([ExpertMatrix.gate, .up, .down], matrices) {
            let read = try weights.withMatrix(matrix, layer: LayerID(0), expert: ExpertID(1)) { bytes in
              (0..<bytes.byteCount / 4).map { bytes.unsafeLoad(fromByteOffset: $0 * 4, as: Float.self) }
            }
            #expect(read == values)
          }
        }
      }
    }
    #expect(throws: StagingError.self) {
      try weights.withMatrix(.gate, layer: LayerID(0), expert: ExpertID(0)) { $0.byteCount }
    }
  }
}
