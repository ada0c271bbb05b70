/// Recorded selections: the experts every token chose in every layer, and their gate weights if recorded.
public struct SelectionTrace: Hashable, Sendable {
  /// Where the selections came from.
  public let source: String
  /// Tokens recorded.
  public let tokens: Int
  /// MoE layers.
  public let layers: Int
  /// Experts in each layer; every choice is below it.
  public let experts: Int
  /// Experts each token chose.
  public let expertsPerToken: Int
  /// `[token][layer][choice]`, row-major.
  public let choices: [UInt16]
  /// Gate weights in the shape of `choices`, or nil.
  public let gates: [Float]?

  /// Most layers times experts: a small file must not ask for large sums.
  public static let cellLimit = 1 << 22

  /// Takes selections from an array `[tokens, layers, k]` of expert ids and gate weights of the same shape.
  ///
  /// - Throws: `ArrayError.wrongShape`, or `valueOutOfRange` for an id the layer does not have or a weight that is
  ///   negative or no number.
  public init(_ array: NumericArray, experts: Int, gates: NumericArray? = nil) throws(ArrayError) {
    let shape = array.shape
    guard shape.count == 3, shape.allSatisfy({ $0 >= 1 }), shape[2] <= experts, (1...65_535).contains(experts),
      shape[1] <= Self.cellLimit / experts
    else {
      throw .wrongShape(
        file: array.source, shape: shape,
        expected:
          "[tokens, layers, k], none 0, k at most \(experts) experts, layers times experts at most \(Self.cellLimit)"
      )
    }
    if let gates, gates.shape != shape {
      throw .wrongShape(file: gates.source, shape: gates.shape, expected: "\(shape), as in \(array.source)")
    }
    source = array.source
    tokens = shape[0]
    layers = shape[1]
    expertsPerToken = shape[2]
    self.experts = experts
    choices = try array.integers(UInt16.self, in: 0...experts - 1)
    self.gates = try gates?.floats(in: 0...Float.greatestFiniteMagnitude)
  }

  /// Where the choices of `token` in `layer` stand in `choices` and `gates`.
  public func assignments(token: Int, layer: Int) -> Range<Int> {
    let first = (token * layers + layer) * expertsPerToken
    return first..<first + expertsPerToken
  }

  /// The tokens of a range that chose each expert, `[layer][expert]`.
  ///
  /// - Complexity: O(tokens in the range · layers · k).
  public func loads(of range: Range<Int>) -> [[Int]] {
    var sums = Array(repeating: Array(repeating: 0, count: experts), count: layers)
    let range = range.clamped(to: 0..<tokens)
    for layer in 0..<layers {
      for token in range {
        for assignment in assignments(token: token, layer: layer) { sums[layer][Int(choices[assignment])] += 1 }
      }
    }
    return sums
  }
}
