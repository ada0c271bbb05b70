import BallastRuntime

/// Replicates and packs every layer anew, whatever the placement was: longest first, on the idlest device.
///
/// By itself the policy `greedy`, which is what the field does at every rebalance; and where devices differ in speed, the
/// start of a plan.
public struct PackFromScratch: PlanningPass {
  // Algorithm: copies go one by one to the expert with the most tokens a copy; then replicas, heaviest first, go to
  // the least loaded device that has a place left and does not hold the expert. When only a device that holds it
  // has a place, a replica of another device makes room.
  private let isAlways: Bool

  /// Packs layers that do not hold the replicas asked for; with `always`, every layer.
  public init(always: Bool = false) { isAlways = always }

  /// Packs the layers.
  public func improve(_ draft: inout PlacementDraft) {
    guard let places = draft.limits.replicasPerDevice, canHold(draft.shape.expertsPerLayer, places, draft)
    else { return }
    for layer in draft.placement.layers.indices.map({ LayerID($0) }) where draft.mayChange(layer) {
      let before = draft.placement[layer]
      guard isAlways || !Self.holds(before, places, devices: draft.topology.devices.count) else { continue }
      let packed = pack(draft.estimate.tokensPerBatch[layer.index], places, draft)
      draft.replace(
        LayerChange(
          layer: layer, removed: before.replicas.filter { !packed.contains($0) },
          added: packed.filter { !before.replicas.contains($0) }))
    }
  }

  /// Whether there is a place for each expert; otherwise packing would lose some.
  private func canHold(_ experts: Int, _ places: Int, _ draft: PlacementDraft) -> Bool {
    let needed = (experts + draft.topology.devices.count - 1) / draft.topology.devices.count
    return (needed...experts).contains(places)
  }

  static func holds(_ layer: LayerPlacement, _ places: Int, devices: Int) -> Bool {
    var counts = Array(repeating: 0, count: devices)
    for replica in layer.replicas { counts[replica.device.index] += 1 }
    return counts.allSatisfy { $0 == places }
  }

  private func pack(_ tokens: [Double], _ places: Int, _ draft: PlacementDraft) -> [Replica] {
    let devices = draft.topology.devices.count
    let copies = copyCounts(tokens, total: places * devices, most: devices)
    var packing = Packing(places: places, speeds: draft.topology.devices.map(\.relativeSpeed))
    let heaviest = tokens.indices.sorted {
      (tokens[$1] / Double(copies[$1]), $0) < (tokens[$0] / Double(copies[$0]), $1)
    }
    for expert in heaviest {
      for _ in 0..<copies[expert] { packing.place(expert, load: tokens[expert] / Double(copies[expert])) }
    }
    return packing.experts.indices.flatMap { device in
      packing.experts[device].map {
        Replica(expert: ExpertID($0.expert), device: DeviceID(device), precision: draft.shape.fullPrecision)
      }
    }
  }

  private func copyCounts(_ tokens: [Double], total: Int, most: Int) -> [Int] {
    var copies = Array(repeating: 1, count: tokens.count)
    for _ in 0..<max(0, total - tokens.count) {
      var best: Int?
      for expert in tokens.indices where copies[expert] < most {
        guard let leader = best else {
          best = expert
          continue
        }
        if tokens[expert] / Double(copies[expert]) > tokens[leader] / Double(copies[leader]) { best = expert }
      }
      guard let best else { break }
      copies[best] += 1
    }
    return copies
  }
}

/// Devices being filled with replicas.
private struct Packing {
  let places: Int
  let speeds: [Double]
  /// `[device]`: what it holds.
  var experts: [[(expert: Int, load: Double)]]
  var loads: [Double]

  init(places: Int, speeds: [Double]) {
    self.places = places
    self.speeds = speeds
    experts = Array(repeating: [], count: speeds.count)
    loads = Array(repeating: 0, count: speeds.count)
  }

  /// Puts one replica on the idlest device that has a place and not the expert, making room if there is none.
  mutating func place(_ expert: Int, load: Double) {
    let open = loads.indices.filter { experts[$0].count < places }
    if let device = open.filter({ !holds($0, expert) }).min(by: { (time($0), $0) < (time($1), $1) }) {
      put(expert, load, on: device)
    } else if let full = open.first {
      makeRoom(for: expert, load: load, openDevice: full)
    }
  }

  /// Every device with a place holds the expert: another device gives one of its replicas to such a place.
  private mutating func makeRoom(for expert: Int, load: Double, openDevice: Int) {
    for device in loads.indices.sorted(by: { (time($0), $0) < (time($1), $1) }) where !holds(device, expert) {
      guard let index = experts[device].lastIndex(where: { !holds(openDevice, $0.expert) }) else { continue }
      let moved = experts[device].remove(at: index)
      loads[device] -= moved.load
      put(moved.expert, moved.load, on: openDevice)
      put(expert, load, on: device)
      return
    }
  }

  private mutating func put(_ expert: Int, _ load: Double, on device: Int) {
    experts[device].append((expert, load))
    loads[device] += load
  }

  private func holds(_ device: Int, _ expert: Int) -> Bool { experts[device].contains { $0.expert == expert } }

  private func time(_ device: Int) -> Double { loads[device] / speeds[device] }
}
