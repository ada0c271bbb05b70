import BallastRuntime

/// A measured batch, so that other programs can be measured with the same input.
public struct BenchBatch: Hashable, Codable, Sendable {
  /// Experts of the layer.
  public let experts: Int
  /// Choices of each token.
  public let expertsPerToken: Int
  /// `[token · choice]`: the chosen experts.
  public let ids: [Int]
  /// `[token · choice]`: the gate weights.
  public let gates: [Float]
  /// `[replica]`: the expert each is a copy of, ascending.
  public let replicaExperts: [Int]
  /// `[replica]`: where it lives.
  public let replicaDevices: [Int]

  /// Copies what `selection` and the replicas hold.
  init(_ selection: Selection, expertsPerToken: Int, replicas: [Replica]) {
    experts = selection.expertsPerLayer
    self.expertsPerToken = expertsPerToken
    ids = selection.experts.map { Int($0) }
    gates = selection.gates
    replicaExperts = replicas.map(\.expert.index)
    replicaDevices = replicas.map(\.device.index)
  }
}
