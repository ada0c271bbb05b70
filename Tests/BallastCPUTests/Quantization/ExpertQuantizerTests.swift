import BallastRuntime
import Testing

@testable import BallastCPU

@Suite struct ExpertQuantizerTests {
  private func outputs(
    _ quantizer: ExpertQuantizer, _ weights: ExpertQuantizer.Weights, _ tokens: CalibrationTokens
  ) -> [[Double]] {
    let hidden = quantizer.dimensions.hidden
    let inner = quantizer.dimensions.inner
    return (0..<tokens.count).map { token in
      let middle = quantizer.activations(weights, tokens.inputs.span.extracting(token * hidden..<(token + 1) * hidden))
      return (0..<hidden).map { output in
        (0..<inner).reduce(0.0) { $0 + Double(weights.down[output * inner + $1] * middle[$1]) }
      }
    }
  }

  private func dequantized(_ expert: ExpertQuantizer.Quantized) -> ExpertQuantizer.Weights {
    func numbers(_ matrix: QuantizedMatrix) -> [Float] { (0..<matrix.rows).flatMap { matrix.weights(row: $0) } }
    return ExpertQuantizer.Weights(
      gate: numbers(expert.gate), up: numbers(expert.up), down: numbers(expert.down))
  }

  /// Gate-weighted fitting must pay on tokens it has not seen, not only on those it fits.
  @Test func heldOutOutputsErrLessThanPlain() throws {
    let source = try TestExpert(hidden: 64, inner: 32)
    let quantizer = ExpertQuantizer(dimensions: source.dimensions, grid: try #require(QuantizationGrid(.int4)))
    let weights = ExpertQuantizer.Weights(
      gate: source.values(.gate), up: source.values(.up), down: source.values(.down))
    var random = Numbers(seed: 21)
    let mixing = random.gaussians(64 * 8)
    func tokens(_ count: Int) -> CalibrationTokens {
      var tokens = CalibrationTokens(hidden: 64)
      for _ in 0..<count {
        let source = random.gaussians(8)
        tokens.append(
          (0..<64).map { row in source.indices.reduce(Float(0)) { $0 + source[$1] * mixing[row * 8 + $1] } },
          gate: abs(random.nextGaussian()))
      }
      return tokens
    }
    let (fitted, heldOut) = (tokens(256), tokens(32))
    let exact = outputs(quantizer, weights, heldOut)
    let plain = try outputs(quantizer, dequantized(#require(quantizer.plain(weights))), heldOut)
    let weighted = try outputs(quantizer, dequantized(#require(quantizer.weighted(weights, tokens: fitted))), heldOut)
    func error(_ other: [[Double]]) -> Double { relativeError(other.map { $0.map(Float.init) }, exact) }
    #expect(error(weighted) < 0.8 * error(plain))
    #expect(quantizer.weighted(weights, tokens: CalibrationTokens(hidden: 64)) == quantizer.plain(weights))
    let spoiled = ExpertQuantizer.Weights(
      gate: weights.gate, up: weights.up, down: weights.down.map { _ in .infinity })
    #expect(quantizer.plain(spoiled) == nil && quantizer.weighted(spoiled, tokens: fitted) == nil)
  }
}
