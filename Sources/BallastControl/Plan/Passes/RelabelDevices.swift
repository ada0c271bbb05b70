import BallastRuntime

/// Gives the sets of replicas a draft has made to those devices that hold most of them already.
///
/// Only devices of one node, speed and memory change places, so nothing but what must be staged changes.
public struct RelabelDevices: PlanningPass {
  // Algorithm: pairs of an old and a new device, most in common first; then two devices change what they were given as
  // long as that keeps more.

  /// A pass without knobs.
  public init() {}

  /// Relabels the devices of the layers that changed.
  public func improve(_ draft: inout PlacementDraft) {
    for layer in draft.placement.layers.indices.map({ LayerID($0) })
    where draft.placement[layer] != draft.current[layer] && draft.mayChange(layer) {
      let before = draft.placement[layer].replicas
      let names = names(draft.current[layer].replicas, before, draft.topology)
      let after = before.map {
        $0.on(DeviceID(names[$0.device.index]))
      }
      let wanted = Set(after)
      let present = Set(before)
      guard wanted != present else { continue }
      draft.replace(
        LayerChange(
          layer: layer, removed: before.filter { !wanted.contains($0) }, added: after.filter { !present.contains($0) }))
    }
  }

  /// `[device]`: the device that is given what it holds.
  private func names(_ old: [Replica], _ new: [Replica], _ topology: Topology) -> [Int] {
    let devices = topology.devices.count
    let common = inCommon(old, new, devices)
    var names = Array(repeating: -1, count: devices)
    var isTaken = Array(repeating: false, count: devices)
    let pairs = (0..<devices).flatMap { from in
      (0..<devices).filter { topology.devices[from] == topology.devices[$0] }.map { (from: from, to: $0) }
    }
    let kept = pairs.map { common[$0.from * devices + $0.to] }
    for pair in pairs.indices.sorted(by: { (kept[$1], $0) < (kept[$0], $1) }).map({ pairs[$0] })
    where names[pair.from] < 0 && !isTaken[pair.to] {
      names[pair.from] = pair.to
      isTaken[pair.to] = true
    }
    exchange(&names, common, topology)
    return names
  }

  private func exchange(_ names: inout [Int], _ common: [Int], _ topology: Topology) {
    let devices = names.count
    var hasChanged = true
    while hasChanged {
      hasChanged = false
      for one in 0..<devices {
        for other in 0..<one where topology.devices[one] == topology.devices[other] {
          let now = common[one * devices + names[one]] + common[other * devices + names[other]]
          let then = common[one * devices + names[other]] + common[other * devices + names[one]]
          guard then > now else { continue }
          names.swapAt(one, other)
          hasChanged = true
        }
      }
    }
  }

  /// `[new device · devices + old device]`: replicas in common.
  private func inCommon(_ old: [Replica], _ new: [Replica], _ devices: Int) -> [Int] {
    var holders: [ExpertID: [Int]] = [:]
    for replica in old { holders[replica.expert, default: []].append(replica.device.index) }
    var common = Array(repeating: 0, count: devices * devices)
    for replica in new {
      for holder in holders[replica.expert] ?? [] { common[replica.device.index * devices + holder] += 1 }
    }
    return common
  }
}
