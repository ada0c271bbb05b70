public import BallastRuntime

/// How often a token changes device on its way through the layers and their rounds, under one placement.
///
/// A token is divided over its pairs of choices; of an expert with copies every copy serves an equal share.
public struct TokenMoves: Hashable, Sendable {
  /// Moves of a token to another device, from all rounds to those that follow.
  public let betweenDevices: Double
  /// Those of them that lead to another node.
  public let betweenNodes: Double

  /// Follows the tokens that `affinity` saw through `placement`.
  public init(_ affinity: AffinityEstimate, _ placement: Placement, _ topology: Topology) {
    func moves(_ price: LinkPrice) -> Double {
      affinity.transitions.reduce(0) { sum, transition in
        let tokens = transition.tokens.reduce(0, +)
        guard tokens > 0, placement.layers.indices.contains(transition.to.index) else { return sum }
        let alone = AffinityEstimate(expertsPerLayer: affinity.expertsPerLayer, transitions: [transition])
        let passages = transition.from == transition.to ? Double(affinity.roundsPerLayer - 1) : 1
        let table = LinkTable(transition.to, placement.layers, alone, price, topology, sides: .before)
        // Rounding must not make less than nothing of it.
        return sum + passages * max(0, table.cost(placement[transition.to])) / tokens
      }
    }
    betweenDevices = moves(LinkPrice(near: 1, far: 1))
    betweenNodes = moves(LinkPrice(near: 0, far: 1))
  }
}
