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
    try session.tick(at: time) { await $0.tick(at: time) }
  }
}

/// One turn on counts made elsewhere; see `ballast.h`.
@c @implementation
public func ballast_balancer_tick_load(
  _ balancer: ballast_balancer, _ load: ballast_load, _ nanoseconds: Int64
) -> ballast_status {
  answer { () throws(Refusal) in
    let session = try Registry.sessions.find(balancer)
    let time = try duration(nanoseconds)
    let snapshot = LoadSnapshot(time: time, totals: try session.totals(of: load))
    // What one process sampled must not make its plan differ from the others'.
    let samples = session.unsampled
    try session.tick(at: time) { await $0.tick(snapshot, samples: samples) }
  }
}

extension Session {
  /// The counts behind a handle, of this balancer's model.
  func totals(of load: ballast_load) throws(Refusal) -> LoadTotals {
    let totals = try Registry.loads.find(load).totals.withLock { $0 }
    guard totals.layers == shape.layers, totals.expertsPerLayer == shape.expertsPerLayer,
      totals.roundsPerLayer == shape.roundsPerLayer
    else {
      throw .badValue(
        "the load is of \(totals.layers) layers of \(totals.expertsPerLayer) experts, the model has \(shape.layers) of \(shape.expertsPerLayer)"
      )
    }
    return totals
  }

  /// What sampling reveals where nothing was sampled.
  var unsampled: SampleTotals { SampleTotals(layers: shape.layers, expertsPerLayer: shape.expertsPerLayer) }
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
