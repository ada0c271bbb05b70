import BallastRuntime

/// Evens the number of replicas after devices came or went, where a number is asked for, with the fewest moves.
///
/// A layer most of whose devices hold as many as asked for is filled up, not packed anew: devices that hold too many
/// give up copies that matter least, or hand experts on; devices that hold too few take them, and copies of the
/// heaviest experts they lack.
public struct FillDevices: PlanningPass {
  /// A pass without knobs.
  public init() {}

  /// Fills up layers that were whole before devices came or went.
  public func improve(_ draft: inout PlacementDraft) {
    guard let places = draft.limits.replicasPerDevice,
      draft.shape.expertsPerLayer <= places * draft.topology.devices.count, places <= draft.shape.expertsPerLayer
    else { return }
    for layer in draft.placement.layers.indices.map({ LayerID($0) }) {
      let counts = counts(draft.placement[layer], draft)
      let whole = counts.filter { $0 == places }.count
      guard whole < counts.count, whole * 2 >= counts.count else { continue }
      fill(layer, places, &draft)
    }
  }

  private func fill(_ layer: LayerID, _ places: Int, _ draft: inout PlacementDraft) {
    for _ in 0..<2 * draft.placement[layer].replicas.count + places * draft.topology.devices.count {
      guard let change = step(layer, places, draft), draft.replace(change) else { return }
    }
  }

  /// One replica handed on, dropped or added; nil when all devices hold what is asked for.
  private func step(_ layer: LayerID, _ places: Int, _ draft: PlacementDraft) -> LayerChange? {
    let replicas = draft.placement[layer].replicas
    let counts = counts(draft.placement[layer], draft)
    let tokens = draft.estimate.tokensPerBatch[layer.index]
    var copies = Array(repeating: 0, count: draft.shape.expertsPerLayer)
    for replica in replicas { copies[replica.expert.index] += 1 }
    func weight(_ expert: Int) -> Double { tokens[expert] / Double(max(copies[expert], 1)) }
    let full = counts.indices.filter { counts[$0] > places }
    let open = counts.indices.filter { counts[$0] < places }.sorted { (counts[$0], $0) < (counts[$1], $1) }
    if let device = full.first {
      let here = replicas.filter { $0.device.index == device }
      let target = open.first
      func isFree(_ replica: Replica) -> Bool {
        target.map { draft.placement[layer].replica(of: replica.expert, on: DeviceID($0)) == nil } ?? false
      }
      let order = here.sorted { (weight($0.expert.index), $0.expert) < (weight($1.expert.index), $1.expert) }
      if let target, let moved = order.last(where: isFree) {
        let added = Replica(expert: moved.expert, device: DeviceID(target), precision: moved.precision)
        return LayerChange(layer: layer, removed: [moved], added: [added])
      }
      return order.first { copies[$0.expert.index] > 1 }.map { LayerChange(layer: layer, removed: [$0]) }
    }
    guard let device = open.first else { return nil }
    let lacking = copies.indices.filter {
      draft.placement[layer].replica(of: ExpertID($0), on: DeviceID(device)) == nil
    }
    return lacking.max { (weight($0), $1) < (weight($1), $0) }.map {
      LayerChange(
        layer: layer,
        added: [Replica(expert: ExpertID($0), device: DeviceID(device), precision: draft.shape.fullPrecision)])
    }
  }

  private func counts(_ layer: LayerPlacement, _ draft: PlacementDraft) -> [Int] {
    var counts = Array(repeating: 0, count: draft.topology.devices.count)
    for replica in layer.replicas { counts[replica.device.index] += 1 }
    return counts
  }
}
