import BallastControl
public import CBallast

// Safety: what comes from the caller is checked before it is followed; sizes are those stated.
/// Plans from nothing in EPLB's shapes; see `ballast.h`.
@c @implementation
public func ballast_rebalance(
  _ weights: UnsafePointer<Double>!, _ layers: UInt32, _ experts: UInt32, _ replicas: UInt32, _ groups: UInt32,
  _ nodes: UInt32, _ devices: UInt32, _ slots: UInt32, _ physical_to_logical: UnsafeMutablePointer<Int64>!,
  _ logical_to_physical: UnsafeMutablePointer<Int64>!, _ counts: UnsafeMutablePointer<Int64>!,
  _ most_copies: UnsafeMutablePointer<UInt32>!
) -> ballast_status {
  // Safety: the caller states every size; pointers are checked to be aligned.
  answer { () throws(Refusal) in
    try checkShape(layers: Int(layers), experts: Int(experts))
    guard replicas <= 1 << 20 else { throw .badValue("replicas is \(replicas); the limit is \(1 << 20)") }
    let most = unsafe try writable(most_copies, "most_copies")
    if let pointer = unsafe physical_to_logical { _ = unsafe try writable(pointer, "physical_to_logical") }
    if let pointer = unsafe logical_to_physical { _ = unsafe try writable(pointer, "logical_to_physical") }
    if let pointer = unsafe counts { _ = unsafe try writable(pointer, "counts") }
    let flat = unsafe try elements(weights, Int(layers) * Int(experts), "weights")
    let rows = (0..<Int(layers)).map { layer in
      (0..<Int(experts)).map { unsafe flat[layer * Int(experts) + $0] }
    }
    let maps = try refusing(BALLAST_BAD_VALUE) { () throws(PackingError) in
      try ReplicaMaps.rebalance(
        weights: rows, copies: Int(replicas), groups: Int(groups), nodes: Int(nodes), devices: Int(devices))
    }
    unsafe most.pointee = UInt32(maps.mostCopies)
    if unsafe logical_to_physical != nil, maps.mostCopies > Int(slots) {
      throw .tooSmall("slots", capacity: UInt64(slots), needed: maps.mostCopies)
    }
    unsafe copy(maps.physicalToLogical, to: physical_to_logical)
    unsafe copy(maps.counts, to: counts)
    unsafe spread(maps, slots: Int(slots), to: logical_to_physical)
  }
}

// Safety: what comes from the caller is checked before it is followed; sizes are those stated.
private func copy(_ values: [Int], to target: UnsafeMutablePointer<Int64>?) {
  // Safety: the caller states the sizes, and the maps have them.
  guard let target = unsafe target else { return }
  for index in values.indices { unsafe target[index] = Int64(values[index]) }
}

/// Rows of `mostCopies` as rows of `slots`.
private func spread(_ maps: ReplicaMaps, slots: Int, to target: UnsafeMutablePointer<Int64>?) {
  // Safety: there are `slots` for each expert of each layer, and no expert has more copies.
  guard let target = unsafe target else { return }
  for row in 0..<maps.layers * maps.experts {
    for slot in 0..<slots {
      let place = slot < maps.mostCopies ? maps.logicalToPhysical[row * maps.mostCopies + slot] : -1
      unsafe target[row * slots + slot] = Int64(place)
    }
  }
}
