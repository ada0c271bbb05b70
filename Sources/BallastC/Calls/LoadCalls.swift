import Ballast
import BallastRuntime
public import CBallast
import Synchronization

// Safety: `Outlet` looks at the address before anything is written there.
/// Makes an empty load; see `ballast.h`.
@c @implementation
public func ballast_load_create(
  _ layers: UInt32, _ experts_per_layer: UInt32, _ load: UnsafeMutablePointer<ballast_load>!
) -> ballast_status {
  answer { () throws(Refusal) in
    let result = try unsafe Outlet(load, "load")
    try checkShape(layers: Int(layers), experts: Int(experts_per_layer))
    let totals = LoadTotals(layers: Int(layers), expertsPerLayer: Int(experts_per_layer))
    result.set(Registry.loads.add(SharedLoad(totals)))
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

// Safety: `Outlet` looks at the address before anything is written there.
/// Reads what a balancer has counted; see `ballast.h`.
@c @implementation
public func ballast_load_snapshot(
  _ balancer: ballast_balancer, _ load: UnsafeMutablePointer<ballast_load>!
) -> ballast_status {
  answer { () throws(Refusal) in
    let result = try unsafe Outlet(load, "load")
    result.set(Registry.loads.add(SharedLoad(try Registry.sessions.find(balancer).balancer.load)))
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

// Safety: `span` looks at the address; how many counts there are is compared with the load's experts first.
/// Adds one batch; see `ballast.h`.
@c @implementation
public func ballast_load_add(
  _ load: ballast_load, _ layer: UInt32, _ phase: UInt32, _ tokens: UInt64,
  _ tokens_per_expert: UnsafePointer<UInt64>!, _ experts: UInt64
) -> ballast_status {
  answer { () throws(Refusal) in
    let target = try Registry.loads.find(load)
    let phase = try Phase(checked: phase)
    let passed = tokens
    try target.totals.withLock { totals throws(Refusal) in
      guard layer < totals.layers else { throw .badValue("layer is \(layer); the load has \(totals.layers)") }
      guard experts == totals.expertsPerLayer else {
        throw .badValue("experts is \(experts); the load has \(totals.expertsPerLayer)")
      }
      let counts = try unsafe span(tokens_per_expert, Int(experts), "tokens_per_expert")
      var tokens: [Int] = []
      for index in counts.indices { tokens.append(Int(clamping: counts[index])) }
      var batch = LoadTotals(
        layers: totals.layers, expertsPerLayer: totals.expertsPerLayer, roundsPerLayer: totals.roundsPerLayer)
      batch.add(
        tokens, tokens: Int(clamping: passed), phase: phase, layer: LayerID(Int(layer)))
      totals = try refusing(BALLAST_BAD_VALUE) { () throws(LoadBytesError) in try totals.adding(batch) }
    }
  }
}

// Safety: `write` looks at both addresses, and writes no more counts than there is room for.
/// Writes the counts of one phase; see `ballast.h`.
@c @implementation
public func ballast_load_counts(
  _ load: ballast_load, _ phase: UInt32, _ counts: UnsafeMutablePointer<UInt64>!, _ capacity: UInt64,
  _ count: UnsafeMutablePointer<UInt64>!
) -> ballast_status {
  answer { () throws(Refusal) in
    let totals = try Registry.loads.find(load).totals.withLock { $0 }
    let phase = try Phase(checked: phase)
    let rows = (0..<totals.layers).flatMap { layer in
      (0..<totals.expertsPerLayer).map { totals[phase, LayerID(layer), ExpertID($0)] }
    }
    try unsafe write(rows, to: counts, capacity: capacity, count: count, "counts")
  }
}

// Safety: every pattern of bits is a byte; `write` looks at both addresses, and writes no more than there is room for.
/// Writes a load as bytes; see `ballast.h`.
@c @implementation
public func ballast_load_serialise(
  _ load: ballast_load, _ bytes: UnsafeMutableRawPointer!, _ capacity: UInt64, _ count: UnsafeMutablePointer<UInt64>!
) -> ballast_status {
  answer { () throws(Refusal) in
    let written = try Registry.loads.find(load).totals.withLock { $0.bytes }
    try unsafe write(
      written, to: bytes?.assumingMemoryBound(to: UInt8.self), capacity: capacity, count: count, "bytes")
  }
}

// Safety: `Outlet` and `span` look at the addresses; the caller states how many bytes there are.
/// Reads a load from bytes; see `ballast.h`.
@c @implementation
public func ballast_load_deserialise(
  _ bytes: UnsafeRawPointer!, _ count: UInt64, _ load: UnsafeMutablePointer<ballast_load>!
) -> ballast_status {
  answer { () throws(Refusal) in
    let result = try unsafe Outlet(load, "load")
    guard let length = Int(exactly: count) else { throw .badValue("count is \(count) bytes") }
    let given = try unsafe span(bytes, of: UInt8.self, length, "bytes")
    do throws(LoadBytesError) {
      result.set(Registry.loads.add(SharedLoad(try LoadTotals(bytes: given))))
    } catch {
      throw Refusal(BALLAST_BAD_BYTES, "\(error)")
    }
  }
}

/// Lets a load go; see `ballast.h`.
@c @implementation
public func ballast_load_destroy(_ load: ballast_load) -> ballast_status {
  answer { () throws(Refusal) in _ = try Registry.loads.remove(load) }
}
