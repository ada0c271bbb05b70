import BallastRuntime

/// A replica, and what its expert is needed for.
struct NeededReplica {
  let layer: LayerID
  let replica: Replica
  /// Its share of what its layer is needed for.
  let need: Double

  /// Whether it should go before `other`; equal ones by layer and expert.
  func goesBefore(_ other: NeededReplica) -> Bool {
    (need, layer, replica.expert) < (other.need, other.layer, other.replica.expert)
  }
}

/// What devices hold in memory, each device's in the order in which it should go.
struct ResidentRows {
  /// `[device]`.
  private let rows: [[NeededReplica]]
  /// `[device]`: those before it have gone.
  private var next: [Int]
  /// `[device]`: bytes of what is to come once there is room to stage it.
  private var promisedBytes: [Int]

  init(_ draft: PlacementDraft) {
    var rows = Array(repeating: [NeededReplica](), count: draft.topology.devices.count)
    for (index, layer) in draft.placement.layers.enumerated() where draft.mayChange(LayerID(index)) {
      var previous: ExpertID?
      for replica in layer.replicas
      where replica.residency == .resident && !draft.limits.pinned.holds(replica, LayerID(index)) {
        // A copy beside another is needed by nobody.
        let need = replica.expert == previous ? 0 : draft.estimate.need[index][replica.expert.index]
        previous = replica.expert
        rows[replica.device.index].append(NeededReplica(layer: LayerID(index), replica: replica, need: need))
      }
    }
    self.rows = rows.map { $0.sorted { $0.goesBefore($1) } }
    next = Array(repeating: 0, count: rows.count)
    promisedBytes = next
  }

  /// What brings `stored` in where least needed has to go; nil when it is not worth that anywhere.
  func exchange(for stored: NeededReplica, _ draft: PlacementDraft) -> ResidentExchange? {
    let full = draft.shape.fullPrecision
    let bytes = draft.shape.bytesPerExpert[full]
    var best: (need: Double, room: Int, device: DeviceID, leaving: [LayerChange])?
    for device in rows.indices.map({ DeviceID($0) }) {
      let room = draft.residentRoom(device) - promisedBytes[device.index]
      guard let leaving = leaving(from: device, bytes: bytes - room, draft) else { continue }
      guard
        leaving.changes.isEmpty
          || ResidentExchange.pays(
            coming: stored.need, leaving: leaving.need, experts: draft.shape.expertsPerLayer)
      else { continue }
      if let best, (best.need, -best.room) <= (leaving.need, -room) { continue }
      best = (leaving.need, room, device, leaving.changes)
    }
    return best.map { best in
      let coming = stored.replica.on(best.device).resident(at: full)
      return ResidentExchange(
        coming: LayerChange(layer: stored.layer, removed: [stored.replica], added: [coming]), leaving: best.leaving,
        device: best.device, bytes: bytes)
    }
  }

  /// Takes note that what makes room has gone, and whether what comes has come or only will.
  mutating func note(_ exchange: ResidentExchange, hasCome: Bool) {
    next[exchange.device.index] += exchange.leaving.count
    if !hasCome { promisedBytes[exchange.device.index] += exchange.bytes }
  }

  /// What must go from a device for `bytes` more, and what it is needed for; nil when it does not hold as much.
  private func leaving(
    from device: DeviceID, bytes: Int, _ draft: PlacementDraft
  ) -> (changes: [LayerChange], need: Double)? {
    let row = rows[device.index]
    var missing = bytes
    var changes: [LayerChange] = []
    var need = 0.0
    var spent: [LayerID: Double] = [:]
    while missing > 0 {
      let place = next[device.index] + changes.count
      guard place < row.count else { return nil }
      let step = Self.step(row[place], draft, spent: spent[row[place].layer, default: 0])
      changes.append(step.change)
      missing -= step.bytes
      need += step.need
      spent[row[place].layer, default: 0] += step.quality
    }
    return (changes, need)
  }

  private struct Step {
    let change: LayerChange
    let bytes: Int
    let need: Double
    /// What it adds to the quality its layer has spent.
    var quality = 0.0
  }

  /// How a replica makes room: a copy is dropped, precision lowered within the quality budget, the last one stored.
  private static func step(_ resident: NeededReplica, _ draft: PlacementDraft, spent: Double) -> Step {
    let (layer, replica) = (resident.layer, resident.replica)
    let bytes = draft.shape.bytes(of: replica)
    let others = draft.placement[layer].replicas(of: replica.expert).count { $0.residency == .resident }
    if others > 1 {
      return Step(change: LayerChange(layer: layer, removed: [replica]), bytes: bytes, need: 0)
    }
    if let lower = lowered(resident, draft, spent: spent) { return lower }
    let stored = Replica(
      expert: replica.expert, device: replica.device, precision: draft.shape.fullPrecision, residency: .stored)
    return Step(
      change: LayerChange(layer: layer, removed: [replica], added: [stored]), bytes: bytes, need: resident.need)
  }

  private static func lowered(_ resident: NeededReplica, _ draft: PlacementDraft, spent: Double) -> Step? {
    let (layer, replica) = (resident.layer, resident.replica)
    guard let lowest = draft.limits.precisions.last, lowest.rawValue > replica.precision.rawValue else { return nil }
    let lower = replica.resident(at: lowest)
    let bytes = draft.shape.bytes(of: replica) - draft.shape.bytes(of: lower)
    guard bytes > 0, !draft.errsTooMuch(lower, layer) else { return nil }
    func error(_ precision: Precision) -> Double {
      draft.estimate.errors.error(
        layer: layer, expert: replica.expert, precision: precision, full: draft.shape.fullPrecision)
    }
    let importance = draft.estimate.importance[layer.index][replica.expert.index]
    let quality = importance * (error(lowest) - error(replica.precision))
    guard draft.qualitySpent(layer) + spent + quality <= draft.limits.qualityBudget else { return nil }
    let change = LayerChange(layer: layer, removed: [replica], added: [lower])
    return Step(change: change, bytes: bytes, need: 0, quality: quality)
  }
}
