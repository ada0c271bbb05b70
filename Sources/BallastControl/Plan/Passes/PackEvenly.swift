import BallastRuntime

/// Copies and packs layers anew where a number of replicas is asked for and not there yet, as `Packer` does.
///
/// Where devices differ in speed it leaves the layers to `PackFromScratch`.
public struct PackEvenly: PlanningPass {
  private let isAlways: Bool

  /// Packs layers that do not hold the replicas asked for; with `always`, every layer.
  public init(always: Bool = false) { isAlways = always }

  /// Packs the layers.
  public func improve(_ draft: inout PlacementDraft) {
    let devices = draft.topology.devices
    guard let places = draft.limits.replicasPerDevice, (1...draft.shape.expertsPerLayer).contains(places),
      Set(devices.map(\.relativeSpeed)).count == 1,
      let packer = try? Packer(
        experts: draft.shape.expertsPerLayer, copies: places * devices.count, devices: devices.count),
      let packed = try? packer.pack(draft.estimate.tokensPerBatch)
    else { return PackFromScratch(always: isAlways).improve(&draft) }
    for (index, layer) in packed.enumerated() {
      let before = draft.placement.layers[index]
      guard isAlways || !PackFromScratch.holds(before, places, devices: devices.count) else { continue }
      let replicas = layer.placement(experts: draft.shape.expertsPerLayer, slots: places, draft.shape.fullPrecision)
        .replicas
      let held = Set(before.replicas)
      let target = Set(replicas)
      draft.replace(
        LayerChange(
          layer: LayerID(index), removed: before.replicas.filter { !target.contains($0) },
          added: replicas.filter { !held.contains($0) }))
    }
  }
}

extension PackedLayer {
  /// The replicas, all of one precision.
  func placement(experts count: Int, slots: Int, _ precision: Precision) -> LayerPlacement {
    // In order of experts, then devices, which is how a layer stands anyway.
    var ends = Array(repeating: 0, count: count + 1)
    for expert in experts { ends[expert + 1] += 1 }
    for expert in 0..<count { ends[expert + 1] += ends[expert] }
    var replicas = Array(
      repeating: Replica(expert: ExpertID(0), device: DeviceID(0), precision: precision), count: experts.count)
    for (place, expert) in experts.enumerated() {
      replicas[ends[expert]] = Replica(
        expert: ExpertID(expert), device: DeviceID(place / slots), precision: precision)
      ends[expert] += 1
    }
    return LayerPlacement(replicas)
  }
}
