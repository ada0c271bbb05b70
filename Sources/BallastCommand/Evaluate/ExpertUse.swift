import BallastRuntime

/// How often experts were chosen, and with what gate weights.
struct ExpertUse: Hashable, Sendable {
  /// `[layer][expert]`: tokens.
  private(set) var tokens: [[Double]]
  /// `[layer][expert]`: the sum of gate weights.
  private(set) var gates: [[Double]]

  init(layers: Int, experts: Int) {
    tokens = Array(repeating: Array(repeating: 0, count: experts), count: layers)
    gates = tokens
  }

  mutating func add(_ selection: Selection, layer: LayerID) {
    for (expert, gate) in zip(selection.experts, selection.gates) {
      tokens[layer.index][Int(expert)] += 1
      gates[layer.index][Int(expert)] += Double(gate)
    }
  }

  mutating func add(_ other: ExpertUse) {
    for layer in tokens.indices {
      for expert in tokens[layer].indices {
        tokens[layer][expert] += other.tokens[layer][expert]
        gates[layer][expert] += other.gates[layer][expert]
      }
    }
  }
}
