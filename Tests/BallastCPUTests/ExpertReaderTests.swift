import BallastRuntime
import Testing

@testable import BallastCPU

@Suite struct ExpertReaderTests {
  @Test func lendsAllThreeMatrices() throws {
    let source = try TestExpert(hidden: 24, inner: 8)
    let reader = ExpertReader(source: source, dimensions: source.dimensions)
    let first = try reader.withMatrices(layer: LayerID(0), expert: ExpertID(0)) { matrices throws(StagingError) in
      [matrices.gate, matrices.up, matrices.down].map { $0.values?.loadUnaligned(as: Float.self) }
    }
    #expect(first == ExpertMatrix.allCases.map { source.values($0)[0] })
  }

  @Test func refusesMatricesOfAnotherLength() throws {
    let source = try TestExpert(hidden: 24, inner: 8)
    let reader = ExpertReader(source: source, dimensions: try ExpertDimensions(hidden: 24, inner: 9))
    let error = #expect(throws: StagingError.self) {
      try reader.withMatrices(layer: LayerID(1), expert: ExpertID(2)) { _ throws(StagingError) in }
    }
    #expect(
      error
        == .badWeights(
          layer: LayerID(1), expert: ExpertID(2), reason: "gate has 768 bytes; float32 of its shape takes 864"))
  }
}
