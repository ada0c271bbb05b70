import BallastRuntime
import Testing

@testable import BallastServing

@Suite struct TextEvaluationTests {
  private func decoder(slots: Int = 1) throws -> Decoder {
    try Decoder(
      weights: BundledModel.weights.get(), lane: try BundledModel.executor.get().path().makeLane(), slots: slots,
      contextTokens: 256)
  }

  @Test(
    .enabled(if: BundledModel.isOptimized, "only an optimised build scores whole texts quickly"),
    arguments: BundledModel.domains)
  func reachesTheReferenceBitsPerByte(domain: String) throws {
    let reference = try #require(try BundledModel.references()[domain])
    var decoder = try decoder()
    let score = try TextEvaluation().score(try BundledModel.text(domain), with: &decoder)
    let bits = try #require(score.bitsPerByte)
    let accuracy = try #require(score.nextByteAccuracy)
    print(
      "\(domain): \(bits) bits per byte, reference \(reference.bits_per_byte); accuracy \(accuracy), \(reference.next_byte_accuracy)"
    )
    #expect(score.bytes == reference.predicted_bytes)
    #expect(abs(bits - reference.bits_per_byte) < 1e-3)
    #expect(abs(accuracy - reference.next_byte_accuracy) < 1e-3)
  }

  @Test func tailsAndFirstBytesAreNotPredicted() throws {
    var decoder = try decoder()
    let text = Array(try BundledModel.text("c").prefix(40))
    let score = try TextEvaluation(sequenceBytes: 16).score(text, with: &decoder)
    #expect(score.bytes == 30)
    let first = try TextEvaluation(sequenceBytes: 16, sequences: 1).score(text, with: &decoder)
    let second = try TextEvaluation(sequenceBytes: 16).score(Array(text[16..<32]), with: &decoder)
    #expect(abs(first.bits + second.bits - score.bits) < 1e-3)
    #expect(try TextEvaluation(sequenceBytes: 64).score(text, with: &decoder).bitsPerByte == nil)
  }
}
