import Ballast
import BallastRuntime
public import CBallast
import Synchronization

/// One turn of the control loop; see `ballast.h`.
@c @implementation
public func ballast_balancer_tick(_ balancer: ballast_balancer, _ nanoseconds: Int64) -> ballast_status {
  answer { () throws(Refusal) in
    let session = try Registry.sessions.find(balancer)
    let time = try duration(nanoseconds)
    try session.tick { await $0.tick(at: time) }
  }
}

/// One turn on counts made elsewhere; see `ballast.h`.
@c @implementation
public func ballast_balancer_tick_load(
  _ balancer: ballast_balancer, _ load: ballast_load, _ nanoseconds: Int64
) -> ballast_status {
  answer { () throws(Refusal) in
    let session = try Registry.sessions.find(balancer)
    let shape = session.shape
    let totals = try Registry.loads.find(load).totals.withLock { $0 }
    guard totals.layers == shape.layers, totals.expertsPerLayer == shape.expertsPerLayer else {
      throw .badValue(
        "the load is of \(totals.layers) layers of \(totals.expertsPerLayer) experts, the model has \(shape.layers) of \(shape.expertsPerLayer)"
      )
    }
    let snapshot = LoadSnapshot(time: try duration(nanoseconds), totals: totals)
    // What one process sampled must not make its plan differ from the others'.
    let samples = SampleTotals(layers: shape.layers, expertsPerLayer: shape.expertsPerLayer)
    try session.tick { await $0.tick(snapshot, samples: samples) }
  }
}

private func duration(_ nanoseconds: Int64) throws(Refusal) -> Duration {
  guard nanoseconds >= 0 else { throw .badValue("nanoseconds is \(nanoseconds); it must be at least 0") }
  return .nanoseconds(nanoseconds)
}

/// Ticks until stopped; see `ballast.h`.
@c @implementation
public func ballast_balancer_run(_ balancer: ballast_balancer) -> ballast_status {
  answer { () throws(Refusal) in try Registry.sessions.find(balancer).run() }
}

/// Ends a run; see `ballast.h`.
@c @implementation
public func ballast_balancer_stop(_ balancer: ballast_balancer) -> ballast_status {
  answer { () throws(Refusal) in try Registry.sessions.find(balancer).stop() }
}

// Safety: what comes from the caller is checked before it is followed; sizes are those stated.
/// Gives the oldest event; see `ballast.h`.
@c @implementation
public func ballast_balancer_next_event(
  _ balancer: ballast_balancer, _ event: UnsafeMutablePointer<ballast_event>!
) -> ballast_status {
  // Safety: the pointer is checked before it is written to.
  answer { () throws(Refusal) in
    let session = try Registry.sessions.find(balancer)
    let result = unsafe try writable(sized: event)
    unsafe result.pointee = try session.nextEvent()
  }
}
