import BallastControl
import BallastRuntime
public import CBallast

// Safety: what comes from the caller is checked before it is followed; sizes are those stated.
/// Plans; see `ballast.h`.
@c @implementation
public func ballast_plan_create(
  _ model: UnsafePointer<ballast_model>!, _ cluster: UnsafePointer<ballast_cluster>!, _ settings: UnsafePointer<CChar>!,
  _ tokens_per_batch: UnsafePointer<Double>!, _ placement: UnsafePointer<ballast_replica>!, _ replica_count: UInt64,
  _ plan: UnsafeMutablePointer<ballast_plan>!
) -> ballast_status {
  // Safety: every pointer is checked before it is followed; counts are those the caller states.
  answer { () throws(Refusal) in
    let result = unsafe try writable(plan, "plan")
    let shape = try unsafe read(model).shape()
    let described = try unsafe read(cluster)
    let topology = unsafe try described.topology()
    let configuration = unsafe try read(settings: settings)
    try refusing(BALLAST_BAD_SETTING) { () throws(PinnedExpertsError) in
      try configuration.planner.pinned.check(shape: shape)
    }
    let planning = Planning(
      shape: shape, topology: topology, cost: try unsafe described.costModel(), configuration: configuration)
    let tokens = unsafe try loads(tokens_per_batch, shape)
    var current: Placement?
    if let placement = unsafe placement {
      current = unsafe try Placement(checked: placement, count: replica_count, shape: shape, topology: topology)
    } else if replica_count != 0 {
      throw .badPointer("placement is null; replica_count is \(replica_count)")
    }
    let made = try refusing(BALLAST_PLACEMENT_REFUSED) { () throws(ByteBudgetError) in
      try planning.plan(for: tokens, from: current)
    }
    unsafe result.pointee = Registry.plans.add(SharedPlan(made))
  }
}

// Safety: what comes from the caller is checked before it is followed; sizes are those stated.
/// `[layer][expert]`, checked.
func loads(_ pointer: UnsafePointer<Double>?, _ shape: ModelShape) throws(Refusal) -> [[Double]] {
  // Safety: the model says how many there are.
  let flat = unsafe try elements(pointer, shape.experts, "tokens_per_batch")
  for index in flat.indices {
    let value = unsafe flat[index]
    guard value.isFinite, value >= 0, value <= 1e15 else {
      throw .badValue(
        "the load of expert \(index % shape.expertsPerLayer) in layer \(index / shape.expertsPerLayer) is \(value); allowed is 0 to 1e15"
      )
    }
  }
  return (0..<shape.layers).map { layer in
    (0..<shape.expertsPerLayer).map { unsafe flat[layer * shape.expertsPerLayer + $0] }
  }
}

// Safety: what comes from the caller is checked before it is followed; sizes are those stated.
/// Writes what is expected of a plan; see `ballast.h`.
@c @implementation
public func ballast_plan_forecast(
  _ plan: ballast_plan, _ forecast: UnsafeMutablePointer<ballast_forecast>!
) -> ballast_status {
  // Safety: the pointer is checked before it is written to.
  answer { () throws(Refusal) in
    let made = try Registry.plans.find(plan).plan
    let result = unsafe try writable(sized: forecast)
    unsafe result.pointee = ballast_forecast(
      size: UInt32(MemoryLayout<ballast_forecast>.stride), is_cut_short: made.isCutShort ? 1 : 0,
      batch_nanoseconds_before: made.forecast.nanosecondsBefore,
      batch_nanoseconds_after: made.forecast.nanosecondsAfter,
      imbalance_before: made.forecast.imbalanceBefore, imbalance_after: made.forecast.imbalanceAfter,
      bytes_moved: UInt64(max(0, made.forecast.bytesMoved)), quality_spent: made.forecast.qualitySpent,
      added: UInt64(made.changes.reduce(0) { $0 + $1.added.count }),
      removed: UInt64(made.changes.reduce(0) { $0 + $1.removed.count }))
  }
}

// Safety: what comes from the caller is checked before it is followed; sizes are those stated.
/// Writes the placement a plan leads to; see `ballast.h`.
@c @implementation
public func ballast_plan_placement(
  _ plan: ballast_plan, _ replicas: UnsafeMutablePointer<ballast_replica>!, _ capacity: UInt64,
  _ count: UnsafeMutablePointer<UInt64>!
) -> ballast_status {
  // Safety: `write` checks the pointers and keeps to the capacity.
  answer { () throws(Refusal) in
    let listed = try Registry.plans.find(plan).plan.target.listed()
    unsafe try write(listed, to: replicas, capacity: capacity, count: count, "replicas")
  }
}

/// Lets a plan go; see `ballast.h`.
@c @implementation
public func ballast_plan_destroy(_ plan: ballast_plan) -> ballast_status {
  answer { () throws(Refusal) in _ = try Registry.plans.remove(plan) }
}
