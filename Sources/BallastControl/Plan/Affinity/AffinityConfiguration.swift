/// How much it counts that tokens stay on their device from layer to layer.
public struct AffinityConfiguration: Hashable, Sendable {
  /// What a nanosecond of link time counts beside a nanosecond of the busiest device; 0 leaves affinity out.
  public var coefficient: Double
  /// Bytes a token carries when it changes device: its hidden state, as it travels.
  public var bytesPerToken: Int
  /// Lanes whose sampled batches are counted; each takes layers · experts² words.
  public var sampledLanes: Int

  /// The defaults leave affinity out: it pays where links are slow beside the experts.
  public init(coefficient: Double = 0, bytesPerToken: Int = 8192, sampledLanes: Int = 4) {
    self.coefficient = coefficient
    self.bytesPerToken = bytesPerToken
    self.sampledLanes = sampledLanes
  }
}
