public import BallastRuntime

/// How much of a model is in device memory, and how much of what its traffic needs.
public struct ResidentShare: Hashable, Sendable {
  /// Experts with a resident replica, as a share of all.
  public let experts: Double
  /// What is needed of them as a share of what is needed in all, the mean of the layers; 1 when nothing needed is evicted.
  public let need: Double

  /// Looks at `placement`; `need` is `[layer][expert]`, each layer summing to 1.
  ///
  /// - Complexity: O(replicas).
  public init(_ placement: Placement, need: [[Double]]) {
    var resident = 0
    var covered = 0.0
    for (layer, row) in need.enumerated() where placement.layers.indices.contains(layer) {
      var isResident = Array(repeating: false, count: row.count)
      for replica in placement.layers[layer].replicas where replica.residency == .resident {
        isResident[replica.expert.index] = true
      }
      for expert in row.indices where isResident[expert] {
        resident += 1
        covered += row[expert]
      }
    }
    let all = need.reduce(0) { $0 + $1.count }
    experts = Double(resident) / Double(max(all, 1))
    self.need = covered / Double(max(need.count, 1))
  }
}
