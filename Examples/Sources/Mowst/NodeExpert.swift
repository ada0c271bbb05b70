/// The weights of one expert, `down( silu(gate · x) * (up · x) )`, and how they are trained.
///
/// The first outputs are the logits of the classes; the others stay unused.
struct NodeExpert {
  static let width = CitationGraph.features
  static let inner = 24

  /// `[inner][width]`.
  private(set) var gate: [Float]
  /// `[inner][width]`.
  private(set) var up: [Float]
  /// `[width][inner]`.
  private(set) var down: [Float]

  init(seed: UInt64) {
    var draws = Draws(seed: seed)
    func weights(_ count: Int, scale: Float) -> [Float] { (0..<count).map { _ in draws.deviate() * scale } }
    gate = weights(Self.inner * Self.width, scale: 0.25)
    up = weights(Self.inner * Self.width, scale: 0.25)
    down = weights(Self.width * Self.inner, scale: 0.2)
  }

  /// What the expert keeps of a forward pass for the way back.
  struct Trace {
    var gates: [Float]
    var ups: [Float]
    var middle: [Float]
    var logits: [Float]
  }

  func forward(_ x: ArraySlice<Float>) -> Trace {
    var trace = Trace(
      gates: Self.multiply(gate, x), ups: Self.multiply(up, x), middle: [], logits: [])
    trace.middle = zip(trace.gates, trace.ups).map { $0 * Self.sigmoid($0) * $1 }
    trace.logits = Array(Self.multiply(down, trace.middle[...]).prefix(CitationGraph.classes))
    return trace
  }

  /// One step down the gradient of the cross entropy of one node.
  mutating func learn(_ x: ArraySlice<Float>, label: Int, rate: Float) {
    let trace = forward(x)
    var errors = softmax(trace.logits)
    errors[label] -= 1
    var back = [Float](repeating: 0, count: Self.inner)
    for (output, error) in errors.enumerated() {
      for index in 0..<Self.inner {
        back[index] += error * down[output * Self.inner + index]
        down[output * Self.inner + index] -= rate * error * trace.middle[index]
      }
    }
    for index in 0..<Self.inner {
      let (value, sigmoid) = (trace.gates[index], Self.sigmoid(trace.gates[index]))
      let gateStep = rate * back[index] * trace.ups[index] * sigmoid * (1 + value * (1 - sigmoid))
      let upStep = rate * back[index] * value * sigmoid
      for (column, input) in x.enumerated() {
        gate[index * Self.width + column] -= gateStep * input
        up[index * Self.width + column] -= upStep * input
      }
    }
  }

  private static func multiply(_ matrix: [Float], _ x: ArraySlice<Float>) -> [Float] {
    (0..<matrix.count / x.count).map { row in
      var sum: Float = 0
      for (column, input) in x.enumerated() { sum += matrix[row * x.count + column] * input }
      return sum
    }
  }

  private static func sigmoid(_ x: Float) -> Float {
    x < 0 ? exponential(x) / (1 + exponential(x)) : 1 / (1 + exponential(-x))
  }
}

/// Probabilities of classes.
func softmax(_ logits: [Float]) -> [Float] {
  let highest = logits.max() ?? 0
  let powers = logits.map { exponential($0 - highest) }
  let sum = powers.reduce(0, +)
  return powers.map { $0 / sum }
}
