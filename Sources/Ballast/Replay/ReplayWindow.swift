import BallastControl

/// What one window of a replay showed.
public struct ReplayWindow: Codable, Hashable, Sendable {
  /// Which window of the trace, from 0; window 0 only teaches and is not judged.
  public let window: Int
  /// Maximum over mean device tokens, mean over layers and batches.
  public let deviceImbalance: Double
  /// The layer with the largest device imbalance, and that imbalance.
  public let worstLayer: WorstLayer
  /// Maximum over mean expert tokens, mean over layers and batches: what the router asked for.
  public let expertImbalance: Double
  /// Experts · busiest replica / total, mean over layers and batches.
  public let replicaImbalance: Double
  /// Replicas that were put where they were not, to reach this window's placement.
  public let copiesMoved: Int
  /// Bytes staged for that.
  public let bytesMoved: Int
  /// Milliseconds the planner took for it.
  public let planMilliseconds: Double
  /// Microseconds the simulated cluster took for a batch, all layers, mean over batches.
  public let stepMicroseconds: Double
  /// Replicas that devices borrowed for a batch, all layers, mean over batches; nil where nothing may be borrowed.
  public var borrowed: Double?
  /// Times a token changed device between layers, mean over tokens; nil when the trace does not tell.
  public var tokenMoves: Double?
  /// Those of them that led to another node.
  public var tokenMovesBetweenNodes: Double?
  /// How far the routing lay from what the window's placement was planned for; nil while too little was known.
  public var drift: Drift?

  /// How far routing lies from a reference.
  public struct Drift: Codable, Hashable, Sendable {
    /// Share of the routing in common, mean over layers.
    public let overlap: Double
    /// Jensen-Shannon divergence in bits, mean over layers.
    public let divergence: Double
    /// Surprise over what is still chance: above 1 the routing has drifted.
    public let score: Double
    /// Layers that by themselves differ by more than chance.
    public let driftedLayers: Int

    init(_ drift: RoutingDrift) {
      overlap = drift.overlap
      divergence = drift.divergence
      score = drift.score
      driftedLayers = drift.driftedLayers.count
    }
  }

  /// A layer and its device imbalance.
  public struct WorstLayer: Codable, Hashable, Sendable {
    /// The layer, from 0.
    public let layer: Int
    /// Its device imbalance.
    public let deviceImbalance: Double
  }
}
