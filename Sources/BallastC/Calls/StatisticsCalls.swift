import Ballast
import BallastRuntime
public import CBallast

// Safety: `SizedOutlet` looks at the address, and writes as many bytes as the structure there states.
/// Gives the oldest event; see `ballast.h`.
@c @implementation
public func ballast_balancer_next_event(
  _ balancer: ballast_balancer, _ event: UnsafeMutablePointer<ballast_event>!
) -> ballast_status {
  answer { () throws(Refusal) in
    let session = try Registry.sessions.find(balancer)
    let result = try unsafe SizedOutlet(event)
    result.set(try session.nextEvent())
  }
}

// Safety: `SizedOutlet` looks at the address, and writes as many bytes as the structure there states.
/// Writes how a balancer stands; see `ballast.h`.
@c @implementation
public func ballast_balancer_statistics(
  _ balancer: ballast_balancer, _ statistics: UnsafeMutablePointer<ballast_statistics>!
) -> ballast_status {
  answer { () throws(Refusal) in
    let session = try Registry.sessions.find(balancer)
    let result = try unsafe SizedOutlet(statistics)
    let now = session.balancer.statistics
    result.set(
      ballast_statistics(
        size: 0, device_count: UInt32(now.memory.count), ticks: UInt64(now.ticks),
        plans_published: UInt64(now.plansPublished), plans_abandoned: UInt64(now.plansAbandoned),
        table_version: now.tableVersion, replica_count: UInt64(now.placement.replicaCount),
        tokens: session.balancer.load.tokens, lanes: UInt64(session.laneCount),
        waiting_tables: UInt64(now.waitingTables), retirement_delays: UInt64(now.retirementDelays),
        events_dropped: session.eventsDropped, is_applying: session.balancer.isApplying ? 1 : 0,
        is_frozen: session.isFrozen ? 1 : 0))
  }
}

// Safety: `write` looks at both addresses, and writes no more rows than there is room for.
/// Writes the bytes in use on each device; see `ballast.h`.
@c @implementation
public func ballast_balancer_device_memory(
  _ balancer: ballast_balancer, _ memory: UnsafeMutablePointer<ballast_device_memory>!, _ capacity: UInt64,
  _ count: UnsafeMutablePointer<UInt64>!
) -> ballast_status {
  answer { () throws(Refusal) in
    let now = try Registry.sessions.find(balancer).balancer.statistics
    let rows = zip(now.memory, now.budgetBytesPerDevice).map { device, budget in
      ballast_device_memory(
        replica_bytes: UInt64(max(0, device.replicaBytes)), peak_replica_bytes: UInt64(max(0, device.peakReplicaBytes)),
        overhead_bytes: UInt64(max(0, device.overheadBytes)), budget_bytes: UInt64(max(0, budget)))
    }
    try unsafe write(rows, to: memory, capacity: capacity, count: count, "memory")
  }
}
