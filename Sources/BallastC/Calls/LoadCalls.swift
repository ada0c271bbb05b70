import Ballast
import BallastRuntime
public import CBallast
import Synchronization

// Safety: what comes from the caller is checked before it is followed; sizes are those stated.
/// Makes an empty load; see `ballast.h`.
@c @implementation
public func ballast_load_create(
  _ layers: UInt32, _ experts_per_layer: UInt32, _ load: UnsafeMutablePointer<ballast_load>!
) -> ballast_status {
  // Safety: the pointer is checked before it is written to.
  answer { () throws(Refusal) in
    let result = unsafe try writable(load, "load")
    try checkShape(layers: Int(layers), experts: Int(experts_per_layer))
    let totals = LoadTotals(layers: Int(layers), expertsPerLayer: Int(experts_per_layer))
    unsafe result.pointee = Registry.loads.add(SharedLoad(totals))
  }
}

/// No load is so large that a hostile shape could exhaust memory by it.
func checkShape(layers: Int, experts: Int) throws(Refusal) {
  guard (1...65_535).contains(layers) else { throw .badValue("layers is \(layers); allowed is 1 to 65535") }
  guard (1...65_535).contains(experts) else { throw .badValue("experts is \(experts); allowed is 1 to 65535") }
  guard layers * experts <= 1 << 24 else {
    throw .badValue("\(layers) layers of \(experts) experts are \(layers * experts); a load has at most \(1 << 24)")
  }
}

// Safety: what comes from the caller is checked before it is followed; sizes are those stated.
/// Reads what a balancer has counted; see `ballast.h`.
@c @implementation
public func ballast_load_snapshot(
  _ balancer: ballast_balancer, _ load: UnsafeMutablePointer<ballast_load>!
) -> ballast_status {
  // Safety: the pointer is checked before it is written to.
  answer { () throws(Refusal) in
    let result = unsafe try writable(load, "load")
    unsafe result.pointee = Registry.loads.add(SharedLoad(try Registry.sessions.find(balancer).balancer.load))
  }
}

/// Adds a load to another; see `ballast.h`.
@c @implementation
public func ballast_load_merge(_ load: ballast_load, _ other: ballast_load) -> ballast_status {
  answer { () throws(Refusal) in
    let target = try Registry.loads.find(load)
    let added = try Registry.loads.find(other).totals.withLock { $0 }
    try target.totals.withLock { totals throws(Refusal) in
      guard totals.layers == added.layers, totals.expertsPerLayer == added.expertsPerLayer else {
        throw .badValue(
          "a load of \(added.layers) layers of \(added.expertsPerLayer) experts cannot be added to one of \(totals.layers) of \(totals.expertsPerLayer)"
        )
      }
      totals = try refusing(BALLAST_BAD_VALUE) { () throws(LoadBytesError) in try totals.adding(added) }
    }
  }
}

// Safety: what comes from the caller is checked before it is followed; sizes are those stated.
/// Adds one batch; see `ballast.h`.
@c @implementation
public func ballast_load_add(
  _ load: ballast_load, _ layer: UInt32, _ phase: UInt32, _ tokens: UInt64,
  _ tokens_per_expert: UnsafePointer<UInt64>!, _ experts: UInt64
) -> ballast_status {
  // Safety: the caller states how many experts there are, which is compared with the load's.
  answer { () throws(Refusal) in
    let target = try Registry.loads.find(load)
    let phase = try Phase(checked: phase)
    try target.totals.withLock { totals throws(Refusal) in
      guard layer < totals.layers else { throw .badValue("layer is \(layer); the load has \(totals.layers)") }
      guard experts == totals.expertsPerLayer else {
        throw .badValue("experts is \(experts); the load has \(totals.expertsPerLayer)")
      }
      let counts = unsafe try elements(tokens_per_expert, Int(experts), "tokens_per_expert")
      var batch = LoadTotals(
        layers: totals.layers, expertsPerLayer: totals.expertsPerLayer, roundsPerLayer: totals.roundsPerLayer)
      batch.add(
        counts.indices.map { unsafe Int(clamping: counts[$0]) }, tokens: Int(clamping: tokens), phase: phase,
        layer: LayerID(Int(layer)))
      totals = try refusing(BALLAST_BAD_VALUE) { () throws(LoadBytesError) in try totals.adding(batch) }
    }
  }
}

// Safety: what comes from the caller is checked before it is followed; sizes are those stated.
/// Writes the counts of one phase; see `ballast.h`.
@c @implementation
public func ballast_load_counts(
  _ load: ballast_load, _ phase: UInt32, _ counts: UnsafeMutablePointer<UInt64>!, _ capacity: UInt64,
  _ count: UnsafeMutablePointer<UInt64>!
) -> ballast_status {
  // Safety: `write` checks the pointers and keeps to the capacity.
  answer { () throws(Refusal) in
    let totals = try Registry.loads.find(load).totals.withLock { $0 }
    let phase = try Phase(checked: phase)
    let rows = (0..<totals.layers).flatMap { layer in
      (0..<totals.expertsPerLayer).map { totals[phase, LayerID(layer), ExpertID($0)] }
    }
    unsafe try write(rows, to: counts, capacity: capacity, count: count, "counts")
  }
}

// Safety: what comes from the caller is checked before it is followed; sizes are those stated.
/// Writes a load as bytes; see `ballast.h`.
@c @implementation
public func ballast_load_serialise(
  _ load: ballast_load, _ bytes: UnsafeMutableRawPointer!, _ capacity: UInt64, _ count: UnsafeMutablePointer<UInt64>!
) -> ballast_status {
  // Safety: `write` checks the pointers and keeps to the capacity.
  answer { () throws(Refusal) in
    let written = try Registry.loads.find(load).totals.withLock { $0.bytes }
    unsafe try write(
      written, to: bytes?.assumingMemoryBound(to: UInt8.self), capacity: capacity, count: count, "bytes")
  }
}

/// Reads a load from bytes; see `ballast.h`.
@c @implementation
public func ballast_load_deserialise(
  _ bytes: UnsafeRawPointer!, _ count: UInt64, _ load: UnsafeMutablePointer<ballast_load>!
) -> ballast_status {
  // Safety: the caller states how many bytes there are.
  answer { () throws(Refusal) in
    let result = unsafe try writable(load, "load")
    guard let length = Int(exactly: count) else { throw .badValue("count is \(count) bytes") }
    let given = unsafe try elements(bytes?.assumingMemoryBound(to: UInt8.self), length, "bytes")
    let totals = try refusing(BALLAST_BAD_BYTES) { () throws(LoadBytesError) in
      try LoadTotals(bytes: unsafe given.span)
    }
    unsafe result.pointee = Registry.loads.add(SharedLoad(totals))
  }
}

/// Lets a load go; see `ballast.h`.
@c @implementation
public func ballast_load_destroy(_ load: ballast_load) -> ballast_status {
  answer { () throws(Refusal) in _ = try Registry.loads.remove(load) }
}
