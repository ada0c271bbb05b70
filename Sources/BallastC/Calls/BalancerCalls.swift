import Ballast
import BallastControl
import BallastRuntime
public import CBallast

// Safety: what comes from the caller is checked before it is followed; sizes are those stated.
/// Makes a balancer in advice mode; see `ballast.h`.
@c @implementation
public func ballast_balancer_create(
  _ model: UnsafePointer<ballast_model>!, _ cluster: UnsafePointer<ballast_cluster>!, _ settings: UnsafePointer<CChar>!,
  _ placement: UnsafePointer<ballast_replica>!, _ replica_count: UInt64,
  _ balancer: UnsafeMutablePointer<ballast_balancer>!
) -> ballast_status {
  // Safety: every pointer is checked before it is followed.
  answer { () throws(Refusal) in
    let result = unsafe try writable(balancer, "balancer")
    let shape = try unsafe read(model).shape()
    let described = try unsafe read(cluster)
    let topology = unsafe try described.topology()
    let cost = unsafe try described.costModel()
    let configuration = try unsafe read(settings: settings)
    var first: Placement?
    if let placement = unsafe placement {
      first = unsafe try Placement(checked: placement, count: replica_count, shape: shape, topology: topology)
    } else if replica_count != 0 {
      throw .badPointer("placement is null; replica_count is \(replica_count)")
    }
    let turn = Monitor(Turn())
    let advised = AdvisedExecutor(shape: shape, topology: topology, cost: cost, turn: turn)
    let made = try make(on: advised, configuration, cost: cost, placement: first)
    advised.start()
    unsafe result.pointee = Registry.sessions.add(
      Session(balancer: made, shape: shape, advised: advised, turn: turn, configuration: configuration))
  }
}

// Safety: what comes from the caller is checked before it is followed; sizes are those stated.
/// The configuration a text of settings makes of the defaults.
func read(settings: UnsafePointer<CChar>?) throws(Refusal) -> BalancerConfiguration {
  // Safety: `text` looks no further than the limit.
  let settings = unsafe try text(settings, limit: SettingsText.longestText, "settings")
  return try refusing(BALLAST_BAD_SETTING) { () throws(SettingsError) in
    try SettingsText(parsing: settings).applied(to: BalancerConfiguration())
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

// Safety: what comes from the caller is checked before it is followed; sizes are those stated.
/// Changes settings; see `ballast.h`.
@c @implementation
public func ballast_balancer_configure(
  _ balancer: ballast_balancer, _ settings: UnsafePointer<CChar>!
) -> ballast_status {
  // Safety: `text` looks no further than the limit.
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

// Safety: what comes from the caller is checked before it is followed; sizes are those stated.
/// Writes the placement; see `ballast.h`.
@c @implementation
public func ballast_balancer_placement(
  _ balancer: ballast_balancer, _ replicas: UnsafeMutablePointer<ballast_replica>!, _ capacity: UInt64,
  _ count: UnsafeMutablePointer<UInt64>!
) -> ballast_status {
  // Safety: `write` checks the pointers and keeps to the capacity.
  answer { () throws(Refusal) in
    let listed = try Registry.sessions.find(balancer).balancer.table.listed()
    unsafe try write(listed, to: replicas, capacity: capacity, count: count, "replicas")
  }
}

/// Writes how a balancer stands; see `ballast.h`.
@c @implementation
public func ballast_balancer_statistics(
  _ balancer: ballast_balancer, _ statistics: UnsafeMutablePointer<ballast_statistics>!
) -> ballast_status {
  // Safety: the pointer is checked before it is written to.
  answer { () throws(Refusal) in
    let session = try Registry.sessions.find(balancer)
    let result = unsafe try writable(sized: statistics)
    let now = session.balancer.statistics
    unsafe result.pointee = ballast_statistics(
      size: UInt32(MemoryLayout<ballast_statistics>.stride), device_count: UInt32(now.memory.count),
      ticks: UInt64(now.ticks), plans_published: UInt64(now.plansPublished),
      plans_abandoned: UInt64(now.plansAbandoned),
      table_version: now.tableVersion, replica_count: UInt64(now.placement.replicaCount),
      tokens: session.balancer.load.tokens, lanes: UInt64(session.laneCount),
      waiting_tables: UInt64(now.waitingTables), retirement_delays: UInt64(now.retirementDelays),
      events_dropped: session.eventsDropped, is_applying: session.balancer.isApplying ? 1 : 0,
      is_frozen: session.isFrozen ? 1 : 0)
  }
}

// Safety: what comes from the caller is checked before it is followed; sizes are those stated.
/// Writes the bytes in use on each device; see `ballast.h`.
@c @implementation
public func ballast_balancer_device_memory(
  _ balancer: ballast_balancer, _ memory: UnsafeMutablePointer<ballast_device_memory>!, _ capacity: UInt64,
  _ count: UnsafeMutablePointer<UInt64>!
) -> ballast_status {
  // Safety: `write` checks the pointers and keeps to the capacity.
  answer { () throws(Refusal) in
    let now = try Registry.sessions.find(balancer).balancer.statistics
    let rows = zip(now.memory, now.budgetBytesPerDevice).map { device, budget in
      ballast_device_memory(
        replica_bytes: UInt64(max(0, device.replicaBytes)), peak_replica_bytes: UInt64(max(0, device.peakReplicaBytes)),
        overhead_bytes: UInt64(max(0, device.overheadBytes)), budget_bytes: UInt64(max(0, budget)))
    }
    unsafe try write(rows, to: memory, capacity: capacity, count: count, "memory")
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
