import BallastRuntime

extension SelectionTrace {
  /// Where the tokens of some rows go from layer to layer, by their recorded gate weights; even shares without them.
  ///
  /// - Parameters:
  ///   - range: Rows of the trace.
  ///   - batchTokens: Tokens of a batch; nil takes all of them as one.
  /// - Returns: Totals of those rows alone.
  /// - Complexity: O(rows · layers · choices²).
  func transitions(of range: Range<Int>, batchTokens: Int?) -> AffinityTotals {
    let rows = range.clamped(to: 0..<tokens)
    let batch = max(batchTokens ?? rows.count, 1)
    var totals = AffinityTotals(
      expertsPerLayer: experts,
      transitions: (1..<max(layers, 1)).map {
        AffinityTotals.Transition(
          from: LayerID($0 - 1), to: LayerID($0), weights: Array(repeating: 0, count: experts * experts),
          tokens: Double(rows.count), batches: Double((rows.count + batch - 1) / batch))
      })
    var before: [Double] = []
    for token in rows {
      for layer in 0..<layers {
        let after = shares(token: token, layer: layer)
        if layer > 0 { add(token, layer, before, after, to: &totals.transitions[layer - 1].weights) }
        before = after
      }
    }
    return totals
  }

  private func add(_ token: Int, _ layer: Int, _ before: [Double], _ after: [Double], to weights: inout [Double]) {
    let sources = assignments(token: token, layer: layer - 1)
    let targets = assignments(token: token, layer: layer)
    for (source, share) in zip(sources, before) {
      let row = Int(choices[source]) * experts
      for (target, part) in zip(targets, after) { weights[row + Int(choices[target])] += share * part }
    }
  }

  /// How a token divides over its choices.
  private func shares(token: Int, layer: Int) -> [Double] {
    let choices = assignments(token: token, layer: layer)
    guard let gates else { return choices.map { _ in 1 / Double(choices.count) } }
    let sum = choices.reduce(0.0) { $0 + Double(gates[$1]) }
    return choices.map { sum > 0 ? Double(gates[$0]) / sum : 1 / Double(choices.count) }
  }
}
