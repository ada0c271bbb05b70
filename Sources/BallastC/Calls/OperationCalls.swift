import Ballast
import BallastControl
import BallastRuntime
public import CBallast
import Synchronization

// Safety: `Outlet` looks at the address before anything is written there.
/// Plans and applies nothing; see `ballast.h`.
@c @implementation
public func ballast_balancer_dry_run(
  _ balancer: ballast_balancer, _ load: ballast_load, _ plan: UnsafeMutablePointer<ballast_plan>!
) -> ballast_status {
  answer { () throws(Refusal) in
    let session = try Registry.sessions.find(balancer)
    let result = try unsafe Outlet(plan, "plan")
    let totals = load == 0 ? nil : try session.totals(of: load)
    let proposed = try changing { () throws(PlacementChangeError) in
      guard let totals else { return try session.balancer.proposal() }
      return try session.balancer.proposal(
        LoadSnapshot(time: .zero, totals: totals), samples: session.unsampled)
    }
    result.set(session.add(proposed))
  }
}

// Safety: `Outlet` and the reader of placements look at each address before they follow it; there are as many replicas as
// the count states, and they are copied before the call returns.
/// Plans the way to a placement; see `ballast.h`.
@c @implementation
public func ballast_balancer_plan_to(
  _ balancer: ballast_balancer, _ placement: UnsafePointer<ballast_replica>!, _ replica_count: UInt64,
  _ plan: UnsafeMutablePointer<ballast_plan>!
) -> ballast_status {
  answer { () throws(Refusal) in
    let session = try Registry.sessions.find(balancer)
    let result = try unsafe Outlet(plan, "plan")
    let given = try unsafe Placement(
      optional: placement, count: replica_count, shape: session.shape, topology: session.balancer.table.topology)
    guard let target = given else { throw .badPointer("placement is null; a plan leads to one") }
    result.set(session.add(try changing { () throws(PlacementChangeError) in try session.balancer.plan(to: target) }))
  }
}

/// Applies a plan; see `ballast.h`.
@c @implementation
public func ballast_balancer_apply(_ balancer: ballast_balancer, _ plan: ballast_plan) -> ballast_status {
  answer { () throws(Refusal) in
    try Registry.sessions.find(balancer).apply(try Registry.plans.find(plan).plan.withLock { $0 })
  }
}

/// Applies what was before; see `ballast.h`.
@c @implementation
public func ballast_balancer_roll_back(_ balancer: ballast_balancer) -> ballast_status {
  answer { () throws(Refusal) in
    let session = try Registry.sessions.find(balancer)
    try session.apply(try changing { () throws(PlacementChangeError) in try session.balancer.planBack() })
  }
}

/// Says how far serving is; see `ballast.h`.
@c @implementation
public func ballast_balancer_reach(_ balancer: ballast_balancer, _ step: UInt64) -> ballast_status {
  answer { () throws(Refusal) in
    let session = try Registry.sessions.find(balancer)
    guard session.advised == nil else {
      throw Refusal(BALLAST_WRONG_MODE, "the balancer is in advice mode; acknowledge the publication before the step")
    }
    let balancer = session.balancer
    guard blocking({ await balancer.reach(step) }) != .notStaged else {
      throw Refusal(BALLAST_BUSY, "a plan that is to be switched to at step \(step) is not staged yet")
    }
  }
}

/// Runs what changes a placement by hand; its error becomes a refusal.
func changing<Value>(_ body: () throws(PlacementChangeError) -> Value) throws(Refusal) -> Value {
  do throws(PlacementChangeError) { return try body() } catch { throw Refusal(error) }
}

extension Refusal {
  init(_ error: PlacementChangeError) {
    let status =
      switch error {
      case .turnUnderWay: BALLAST_BUSY
      case .nothingCounted, .noEarlierPlacement: BALLAST_NOTHING
      case .stale, .switchStepPassed, .placement, .deviceNotServing, .noRoom, .devices, .otherModel:
        BALLAST_PLACEMENT_REFUSED
      }
    self.init(status, "\(error)")
  }
}

extension Session {
  /// Names a plan of this balancer's.
  func add(_ plan: Plan) -> UInt64 {
    Registry.plans.add(
      SharedPlan(plan, experts: shape.expertsPerLayer, devices: balancer.table.topology.devices.count))
  }
}
