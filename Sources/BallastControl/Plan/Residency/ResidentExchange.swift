import BallastRuntime

/// A stored expert that comes into a device's memory, and what goes for it.
struct ResidentExchange {
  /// The stored replica for a resident one.
  let coming: LayerChange
  /// What makes room, in the order in which it goes.
  let leaving: [LayerChange]
  /// Where.
  let device: DeviceID
  /// What comes takes as many.
  let bytes: Int

  // Needs are measured on sampled batches, and every exchange costs its bytes: what is needed about as much stays.
  private static let factor = 1.25
  /// In shares of an average expert's need.
  private static let margin = 0.1

  /// Whether an expert of need `coming` is worth the place of experts of need `leaving` in all.
  static func pays(coming: Double, leaving: Double, experts: Int) -> Bool {
    coming > leaving * factor + margin / Double(max(experts, 1))
  }

  /// Whether some stored expert is worth the place of the resident one that is needed least; `need` is `[layer][expert]`,
  /// shares of each layer.
  static func isDue(_ placement: Placement, need: [[Double]], pinned: PinnedExperts = PinnedExperts()) -> Bool {
    var coming = 0.0
    var leaving = Double.infinity
    for (index, row) in need.enumerated() where placement.layers.indices.contains(index) {
      for replica in placement.layers[index].replicas where !pinned.holds(replica, LayerID(index)) {
        switch replica.residency {
        case .stored: coming = max(coming, row[replica.expert.index])
        case .resident: leaving = min(leaving, row[replica.expert.index])
        }
      }
    }
    return leaving < .infinity && pays(coming: coming, leaving: leaving, experts: need.first?.count ?? 1)
  }
}
