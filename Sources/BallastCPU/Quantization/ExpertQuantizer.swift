import BallastRuntime
import Glibc

/// Quantizes the three matrices of an expert.
struct ExpertQuantizer: Sendable {
  let dimensions: ExpertDimensions
  let grid: QuantizationGrid

  /// An expert's weights as numbers, each matrix `[output][reduction]`.
  struct Weights {
    let gate: [Float]
    let up: [Float]
    let down: [Float]
  }

  /// An expert on the grid.
  struct Quantized: Hashable {
    let gate: QuantizedMatrix
    let up: QuantizedMatrix
    let down: QuantizedMatrix
  }

  /// Rounds to the nearest; nil when a weight is not finite.
  func plain(_ weights: Weights) -> Quantized? {
    let quantizer = PlainQuantizer(grid: grid)
    let (hidden, inner) = (dimensions.hidden, dimensions.inner)
    guard let gate = quantizer.quantize(weights.gate, rows: inner, columns: hidden),
      let up = quantizer.quantize(weights.up, rows: inner, columns: hidden),
      let down = quantizer.quantize(weights.down, rows: hidden, columns: inner)
    else { return nil }
    return Quantized(gate: gate, up: up, down: down)
  }

  /// Fits the tokens; without any that could teach it, rounds to the nearest.
  ///
  /// - Returns: nil when a weight is not finite.
  func weighted(_ weights: Weights, tokens: CalibrationTokens) -> Quantized? {
    let quantizer = WeightedQuantizer(grid: grid)
    let (hidden, inner) = (dimensions.hidden, dimensions.inner)
    var read = InputMoments(width: hidden)
    var passed = InputMoments(width: inner)
    for token in 0..<tokens.count {
      let input = tokens.inputs.span.extracting(token * hidden..<(token + 1) * hidden)
      read.add(input, weight: tokens.gates[token])
      passed.add(activations(weights, input).span, weight: tokens.gates[token])
    }
    guard let gate = quantizer.quantize(weights.gate, rows: inner, columns: hidden, moments: read),
      let up = quantizer.quantize(weights.up, rows: inner, columns: hidden, moments: read),
      let down = quantizer.quantize(weights.down, rows: hidden, columns: inner, moments: passed)
    else { return nil }
    return Quantized(gate: gate, up: up, down: down)
  }

  /// silu(gate · x) ⊙ (up · x), what the down matrix reads.
  func activations(_ weights: Weights, _ input: Span<Float>) -> [Float] {
    (0..<dimensions.inner).map { output in
      let gate = Self.dot(weights.gate.span, output * input.count, input)
      return gate / (1 + expf(-gate)) * Self.dot(weights.up.span, output * input.count, input)
    }
  }

  private static func dot(_ row: Span<Float>, _ first: Int, _ input: Span<Float>) -> Float {
    var sums = SIMD8<Float>.zero
    var index = 0
    while index + 8 <= input.count {
      var weights = SIMD8<Float>.zero
      var values = SIMD8<Float>.zero
      for lane in 0..<8 {
        weights[lane] = row[first + index + lane]
        values[lane] = input[index + lane]
      }
      sums += weights * values
      index += 8
    }
    var sum = sums.sum()
    while index < input.count {
      sum += row[first + index] * input[index]
      index += 1
    }
    return sum
  }
}
