import BallastControl
import BallastRuntime
public import CBallast
import Synchronization

// Safety: every address goes to `Outlet`, `DescribedCluster` or a reader of arrays, which look at it before they follow it;
// arrays are as long as the model and the counts state, and are copied before the call returns.
/// Plans; see `ballast.h`.
@c @implementation
public func ballast_plan_create(
  _ model: UnsafePointer<ballast_model>!, _ cluster: UnsafePointer<ballast_cluster>!, _ settings: UnsafePointer<CChar>!,
  _ tokens_per_batch: UnsafePointer<Double>!, _ placement: UnsafePointer<ballast_replica>!, _ replica_count: UInt64,
  _ plan: UnsafeMutablePointer<ballast_plan>!
) -> ballast_status {
  answer { () throws(Refusal) in
    let result = try unsafe Outlet(plan, "plan")
    let described = try unsafe DescribedCluster(model, cluster)
    let configuration = try unsafe BalancerConfiguration(settings: settings)
    try refusing(BALLAST_BAD_SETTING) { () throws(PinnedExpertsError) in
      try configuration.planner.pinned.check(shape: described.shape)
    }
    let planning = Planning(
      shape: described.shape, topology: described.topology, cost: described.cost, configuration: configuration)
    let tokens = try loads(unsafe span(tokens_per_batch, described.shape.experts, "tokens_per_batch"), described.shape)
    let current = try unsafe Placement(
      optional: placement, count: replica_count, shape: described.shape, topology: described.topology)
    let made = try refusing(BALLAST_PLACEMENT_REFUSED) { () throws(ByteBudgetError) in
      try planning.plan(for: tokens, from: current)
    }
    result.set(
      Registry.plans.add(
        SharedPlan(made, experts: described.shape.expertsPerLayer, devices: described.topology.devices.count)))
  }
}

/// `[layer][expert]`, checked.
private func loads(_ flat: Span<Double>, _ shape: ModelShape) throws(Refusal) -> [[Double]] {
  for index in flat.indices {
    let value = flat[index]
    guard value.isFinite, value >= 0, value <= 1e15 else {
      throw .badValue(
        "the load of expert \(index % shape.expertsPerLayer) in layer \(index / shape.expertsPerLayer) is \(value); allowed is 0 to 1e15"
      )
    }
  }
  return rows(flat, layers: shape.layers, experts: shape.expertsPerLayer)
}

/// `[layer][expert]` as arrays.
func rows(_ flat: Span<Double>, layers: Int, experts: Int) -> [[Double]] {
  var rows: [[Double]] = []
  for layer in 0..<layers {
    var row: [Double] = []
    for expert in 0..<experts { row.append(flat[layer * experts + expert]) }
    rows.append(row)
  }
  return rows
}

// Safety: `SizedOutlet` looks at the address, and writes as many bytes as the structure there states.
/// Writes what is expected of a plan; see `ballast.h`.
@c @implementation
public func ballast_plan_forecast(
  _ plan: ballast_plan, _ forecast: UnsafeMutablePointer<ballast_forecast>!
) -> ballast_status {
  answer { () throws(Refusal) in
    let made = try Registry.plans.find(plan).plan.withLock { $0 }
    try unsafe SizedOutlet(forecast).set(
      ballast_forecast(
        size: 0, is_cut_short: made.isCutShort ? 1 : 0,
        batch_nanoseconds_before: made.forecast.nanosecondsBefore,
        batch_nanoseconds_after: made.forecast.nanosecondsAfter,
        imbalance_before: made.forecast.imbalanceBefore, imbalance_after: made.forecast.imbalanceAfter,
        bytes_moved: UInt64(max(0, made.forecast.bytesMoved)), quality_spent: made.forecast.qualitySpent,
        added: UInt64(made.changes.reduce(0) { $0 + $1.added.count }),
        removed: UInt64(made.changes.reduce(0) { $0 + $1.removed.count })))
  }
}

// Safety: `write` looks at both addresses, and writes no more replicas than there is room for.
/// Writes the placement a plan leads to; see `ballast.h`.
@c @implementation
public func ballast_plan_placement(
  _ plan: ballast_plan, _ replicas: UnsafeMutablePointer<ballast_replica>!, _ capacity: UInt64,
  _ count: UnsafeMutablePointer<UInt64>!
) -> ballast_status {
  answer { () throws(Refusal) in
    let listed = try Registry.plans.find(plan).plan.withLock { $0.target }.listed()
    try unsafe write(listed, to: replicas, capacity: capacity, count: count, "replicas")
  }
}

// Safety: `Outlet` looks at both addresses before anything is written there.
/// Writes what a plan carries; see `ballast.h`.
@c @implementation
public func ballast_plan_switch(
  _ plan: ballast_plan, _ table_version: UnsafeMutablePointer<UInt64>!, _ switch_step: UnsafeMutablePointer<UInt64>!
) -> ballast_status {
  answer { () throws(Refusal) in
    let made = try Registry.plans.find(plan).plan.withLock { $0 }
    let version = try unsafe Outlet(table_version, "table_version")
    let step = try unsafe Outlet(switch_step, "switch_step")
    version.set(made.version ?? 0)
    step.set(made.switchStep ?? 0)
  }
}

/// Chooses the step of the switch; see `ballast.h`.
@c @implementation
public func ballast_plan_set_switch(_ plan: ballast_plan, _ switch_step: UInt64) -> ballast_status {
  answer { () throws(Refusal) in
    try Registry.plans.find(plan).plan.withLock { $0.switchStep = switch_step == 0 ? nil : switch_step }
  }
}

// Safety: every pattern of bits is a byte; `write` looks at both addresses, and writes no more than there is room for.
/// Writes a plan as bytes; see `ballast.h`.
@c @implementation
public func ballast_plan_serialise(
  _ plan: ballast_plan, _ bytes: UnsafeMutableRawPointer!, _ capacity: UInt64, _ count: UnsafeMutablePointer<UInt64>!
) -> ballast_status {
  answer { () throws(Refusal) in
    let shared = try Registry.plans.find(plan)
    let written = shared.plan.withLock { $0 }.bytes(experts: shared.experts, devices: shared.devices)
    try unsafe write(
      written, to: bytes?.assumingMemoryBound(to: UInt8.self), capacity: capacity, count: count, "bytes")
  }
}

// Safety: `Outlet` and `span` look at the addresses; the caller states how many bytes there are.
/// Reads a plan from bytes; see `ballast.h`.
@c @implementation
public func ballast_plan_deserialise(
  _ bytes: UnsafeRawPointer!, _ count: UInt64, _ plan: UnsafeMutablePointer<ballast_plan>!
) -> ballast_status {
  answer { () throws(Refusal) in
    let result = try unsafe Outlet(plan, "plan")
    guard let length = Int(exactly: count) else { throw .badValue("count is \(count) bytes") }
    let given = try unsafe span(bytes, of: UInt8.self, length, "bytes")
    do throws(SealedError) {
      let (made, experts, devices) = try Plan.read(given)
      result.set(Registry.plans.add(SharedPlan(made, experts: experts, devices: devices)))
    } catch {
      throw Refusal(BALLAST_BAD_BYTES, "this is no plan: \(error)")
    }
  }
}

/// Lets a plan go; see `ballast.h`.
@c @implementation
public func ballast_plan_destroy(_ plan: ballast_plan) -> ballast_status {
  answer { () throws(Refusal) in _ = try Registry.plans.remove(plan) }
}
