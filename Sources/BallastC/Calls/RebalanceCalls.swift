import BallastControl
public import CBallast

// Safety: `Outlet`, `span` and `checkAligned` look at every address; the caller states by layers, experts, replicas and slots how
// many elements stand at each, and no more are read or written.
/// Plans from nothing in EPLB's shapes; see `ballast.h`.
@c @implementation
public func ballast_rebalance(
  _ weights: UnsafePointer<Double>!, _ layers: UInt32, _ experts: UInt32, _ replicas: UInt32, _ groups: UInt32,
  _ nodes: UInt32, _ devices: UInt32, _ slots: UInt32, _ physical_to_logical: UnsafeMutablePointer<Int64>!,
  _ logical_to_physical: UnsafeMutablePointer<Int64>!, _ counts: UnsafeMutablePointer<Int64>!,
  _ most_copies: UnsafeMutablePointer<UInt32>!
) -> ballast_status {
  answer { () throws(Refusal) in
    try checkShape(layers: Int(layers), experts: Int(experts))
    guard replicas <= 1 << 20 else { throw .badValue("replicas is \(replicas); the limit is \(1 << 20)") }
    let most = try unsafe Outlet(most_copies, "most_copies")
    _ = try unsafe Outlet.wanted(physical_to_logical, "physical_to_logical")
    _ = try unsafe Outlet.wanted(logical_to_physical, "logical_to_physical")
    _ = try unsafe Outlet.wanted(counts, "counts")
    let flat = try unsafe span(weights, Int(layers) * Int(experts), "weights")
    let loads = rows(flat, layers: Int(layers), experts: Int(experts))
    let maps = try refusing(BALLAST_BAD_VALUE) { () throws(PackingError) in
      try ReplicaMaps.rebalance(
        weights: loads, copies: Int(replicas), groups: Int(groups), nodes: Int(nodes), devices: Int(devices))
    }
    most.set(UInt32(maps.mostCopies))
    if unsafe logical_to_physical != nil, maps.mostCopies > Int(slots) {
      throw .tooSmall("slots", capacity: UInt64(slots), needed: maps.mostCopies)
    }
    // Safety: the maps have the shapes the header states, and `spread` makes rows of `slots`.
    if let target = unsafe physical_to_logical { unsafe copy(maps.physicalToLogical.map { Int64($0) }, to: target) }
    if let target = unsafe counts { unsafe copy(maps.counts.map { Int64($0) }, to: target) }
    if let target = unsafe logical_to_physical { unsafe copy(maps.spread(slots: Int(slots)), to: target) }
  }
}

extension ReplicaMaps {
  /// `logicalToPhysical` in rows of `slots`, at least `mostCopies` each.
  fileprivate func spread(slots: Int) -> [Int64] {
    var spread: [Int64] = []
    spread.reserveCapacity(layers * experts * slots)
    for row in 0..<layers * experts {
      for slot in 0..<slots {
        spread.append(slot < mostCopies ? Int64(logicalToPhysical[row * mostCopies + slot]) : -1)
      }
    }
    return spread
  }
}
