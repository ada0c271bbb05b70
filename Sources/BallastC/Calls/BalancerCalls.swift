import Ballast
import BallastControl
import BallastRuntime
public import CBallast

// Safety: every address goes to `Outlet`, `read` or a reader of arrays, which look at it before they follow it; arrays are
// as long as their counts state, and are copied before the call returns.
/// Makes a balancer in advice mode; see `ballast.h`.
@c @implementation
public func ballast_balancer_create(
  _ model: UnsafePointer<ballast_model>!, _ cluster: UnsafePointer<ballast_cluster>!, _ settings: UnsafePointer<CChar>!,
  _ placement: UnsafePointer<ballast_replica>!, _ replica_count: UInt64,
  _ balancer: UnsafeMutablePointer<ballast_balancer>!
) -> ballast_status {
  answer { () throws(Refusal) in
    let result = try unsafe Outlet(balancer, "balancer")
    let described = try unsafe DescribedCluster(model, cluster)
    let configuration = try unsafe BalancerConfiguration(settings: settings)
    let first = try unsafe Placement(
      optional: placement, count: replica_count, shape: described.shape, topology: described.topology)
    let turn = Monitor(Turn())
    let advised = AdvisedExecutor(
      shape: described.shape, topology: described.topology, cost: described.cost, turn: turn)
    let made = try make(on: advised, configuration, cost: described.cost, placement: first)
    advised.start()
    result.set(
      Registry.sessions.add(
        Session(balancer: made, shape: described.shape, advised: advised, turn: turn, configuration: configuration)))
  }
}

/// Stages a first placement and waits for it.
func make(
  on executor: any ExpertExecutor, _ configuration: BalancerConfiguration, cost: CostModel?, placement: Placement?
) throws(Refusal) -> Balancer {
  let outcome = blocking { () async -> Result<Balancer, BalancerError> in
    do throws(BalancerError) {
      return .success(
        try await Balancer(executor: executor, configuration: configuration, cost: cost, placement: placement))
    } catch {
      return .failure(error)
    }
  }
  return try refusing(BALLAST_PLACEMENT_REFUSED) { () throws(BalancerError) in try outcome.get() }
}

/// Lets a balancer go; see `ballast.h`.
@c @implementation
public func ballast_balancer_destroy(_ balancer: ballast_balancer) -> ballast_status {
  answer { () throws(Refusal) in try Registry.sessions.remove(balancer).close() }
}

// Safety: the text ends with a zero, which `text` looks for no further than its limit.
/// Changes settings; see `ballast.h`.
@c @implementation
public func ballast_balancer_configure(
  _ balancer: ballast_balancer, _ settings: UnsafePointer<CChar>!
) -> ballast_status {
  answer { () throws(Refusal) in
    let session = try Registry.sessions.find(balancer)
    try session.configure(unsafe text(settings, limit: SettingsText.longestText, "settings"))
  }
}

/// Keeps the placement; see `ballast.h`.
@c @implementation
public func ballast_balancer_freeze(_ balancer: ballast_balancer) -> ballast_status {
  answer { () throws(Refusal) in try Registry.sessions.find(balancer).setFrozen(true) }
}

/// Lets the placement change again; see `ballast.h`.
@c @implementation
public func ballast_balancer_unfreeze(_ balancer: ballast_balancer) -> ballast_status {
  answer { () throws(Refusal) in try Registry.sessions.find(balancer).setFrozen(false) }
}

// Safety: `write` looks at both addresses, and writes no more replicas than there is room for.
/// Writes the placement; see `ballast.h`.
@c @implementation
public func ballast_balancer_placement(
  _ balancer: ballast_balancer, _ replicas: UnsafeMutablePointer<ballast_replica>!, _ capacity: UInt64,
  _ count: UnsafeMutablePointer<UInt64>!
) -> ballast_status {
  answer { () throws(Refusal) in
    let listed = try Registry.sessions.find(balancer).balancer.table.listed()
    try unsafe write(listed, to: replicas, capacity: capacity, count: count, "replicas")
  }
}

/// Says whether a device takes part; see `ballast.h`.
@c @implementation
public func ballast_balancer_set_device(
  _ balancer: ballast_balancer, _ device: UInt32, _ device_status: UInt32
) -> ballast_status {
  answer { () throws(Refusal) in
    let session = try Registry.sessions.find(balancer)
    let id = DeviceID(Int(device))
    guard device_status <= UInt32(BALLAST_DEVICE_LOST) else {
      throw .badValue("device_status is \(device_status); allowed is 0 to 2 (BALLAST_DEVICE_...)")
    }
    try refusing(BALLAST_BAD_VALUE) { () throws(BalancerError) in
      switch Int(device_status) {
      case BALLAST_DEVICE_SERVING: try session.balancer.restore(id)
      case BALLAST_DEVICE_DRAINING: try session.balancer.drain(id)
      default: try session.balancer.lose(id)
      }
    }
  }
}
