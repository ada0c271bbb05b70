/// The replicas of one layer, ordered by expert, then device.
public struct LayerPlacement: Hashable, Sendable {
  /// Every replica, ascending by expert, then device.
  public let replicas: [Replica]

  /// Orders `replicas`; whether they form a valid layer is for `Placement.check` to say.
  public init(_ replicas: [Replica]) {
    self.replicas = replicas.sorted {
      ($0.expert.index, $0.device.index, $0.precision.rawValue)
        < ($1.expert.index, $1.device.index, $1.precision.rawValue)
    }
  }

  /// The replicas of `expert`, ascending by device.
  ///
  /// - Complexity: O(log n) for n replicas.
  public func replicas(of expert: ExpertID) -> ArraySlice<Replica> {
    let first = lowerBound(expert)
    let end = lowerBound(ExpertID(expert.index + 1))
    return replicas[first..<end]
  }

  /// The replica of `expert` on `device`, or nil.
  public func replica(of expert: ExpertID, on device: DeviceID) -> Replica? {
    replicas(of: expert).first { $0.device == device }
  }

  /// The layer without stored replicas of experts that are resident somewhere.
  package var withoutSpareStored: LayerPlacement {
    guard replicas.contains(where: { $0.residency == .stored }) else { return self }
    return LayerPlacement(
      replicas.filter { replica in
        replica.residency == .resident || !replicas(of: replica.expert).contains { $0.residency == .resident }
      })
  }

  private func lowerBound(_ expert: ExpertID) -> Int {
    var low = 0
    var high = replicas.count
    while low < high {
      let middle = (low + high) / 2
      if replicas[middle].expert < expert { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
