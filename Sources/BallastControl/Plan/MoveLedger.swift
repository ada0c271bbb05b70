import BallastRuntime

/// What a draft stages and leaves: bytes of devices, layers and links.
struct MoveLedger {
  /// From one device to another.
  private struct Link: Hashable {
    let source: Int
    let target: Int
  }

  /// `[device]`: bytes once the draft is applied.
  private(set) var resident: [Int]
  /// `[device]`: bytes while it is being applied: what is there, and what is staged beside it.
  private(set) var staging: [Int]
  /// Bytes staged in all.
  private(set) var moved = 0

  private let start: [Int]
  private var copies = 0
  private var layerCopies: [LayerID: Int] = [:]
  private var layerBytes: [LayerID: Int] = [:]
  private var linkBytes: [Link: Int] = [:]

  init(bytes: [Int]) {
    resident = bytes
    staging = bytes
    start = bytes
  }

  /// Adds a replica, which is staged from `source`; nil when it was there already.
  mutating func put(_ replica: Replica, layer: LayerID, bytes: Int, source: DeviceID?, isStaged: Bool) {
    count(replica, layer: layer, bytes: bytes, copies: 1, source: source, isStaged: isStaged)
  }

  /// Takes a replica away, and gives back what staging it would have cost.
  mutating func take(_ replica: Replica, layer: LayerID, bytes: Int, source: DeviceID?, isStaged: Bool) {
    count(replica, layer: layer, bytes: -bytes, copies: -1, source: source, isStaged: isStaged)
  }

  private mutating func count(
    _ replica: Replica, layer: LayerID, bytes: Int, copies: Int, source: DeviceID?, isStaged: Bool
  ) {
    let device = replica.device.index
    resident[device] += bytes
    guard isStaged else { return }
    staging[device] += bytes
    moved += bytes
    self.copies += copies
    layerCopies[layer, default: 0] += copies
    layerBytes[layer, default: 0] += bytes
    if let source { linkBytes[Link(source: source.index, target: device), default: 0] += bytes }
  }

  /// Whether what `change` adds keeps the budget, where nothing is worse than it was.
  func keeps(_ budget: MoveBudget, _ change: LayerChange, source: (Replica) -> DeviceID?) -> Bool {
    guard copies <= budget.copies, layerCopies[change.layer, default: 0] <= budget.copiesPerLayer,
      layerBytes[change.layer, default: 0] <= budget.bytesPerLayer
    else { return false }
    return change.added.allSatisfy { replica in
      let device = replica.device.index
      guard staging[device] - start[device] <= budget.bytesPerDevice else { return false }
      guard let source = source(replica) else { return true }
      return linkBytes[Link(source: source.index, target: device), default: 0] <= budget.bytesPerLink
    }
  }
}
