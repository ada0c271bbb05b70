import BallastRuntime
import BallastSimulator

@testable import BallastControl

/// A simulated cluster that serves the contiguous placement of a small model, and a rollout beside it.
struct ServedCluster {
  let cluster: SimulatedCluster
  let path: ServingPath
  var rollout: Rollout
  let start: Placement

  /// One layer of 4 experts (2000 bytes; 1000 at int8) on 2 devices of 8000 bytes.
  init(configuration: RolloutConfiguration = RolloutConfiguration(), memoryBytesPerDevice: Int = 8000) async throws {
    let small = try SmallLayer(tokens: [1, 1, 1, 1], on: [0, 0, 1, 1])
    cluster = SimulatedCluster(
      shape: small.shape, topology: try .uniform(devices: 2, memoryBytesPerDevice: memoryBytesPerDevice),
      cost: small.cost, seed: 1)
    start = small.placement
    rollout = Rollout(executor: cluster, configuration: configuration)
    try await rollout.stageAll(start)
    let executor = cluster
    let table = try RoutingTable(
      start, handle: rollout.handle, shape: executor.shape, topology: executor.topology, cost: executor.cost)
    path = ServingPath(table: table, executor: executor, laneLimit: 2)
  }

  /// A plan that makes `changes`.
  func plan(_ changes: LayerChange...) -> Plan {
    var target = path.table.current.placement
    for change in changes { target[change.layer] = target[change.layer].applying(change) }
    let forecast = PlanForecast(
      nanosecondsBefore: 2, nanosecondsAfter: 1, imbalanceBefore: 2, imbalanceAfter: 1, bytesMoved: 0, qualitySpent: 0)
    return Plan(
      current: path.table.current.placement, target: target, changes: changes, forecast: forecast, isCutShort: false)
  }

  mutating func apply(_ plan: Plan) async -> RolloutOutcome {
    let executor = cluster
    let version = path.table.current.version + 1
    return await rollout.apply(plan, to: path.table) { placement, handle throws(RoutingTableError) in
      try RoutingTable(
        placement, handle: handle, shape: executor.shape, topology: executor.topology, cost: executor.cost,
        version: version)
    }
  }

  /// `[device]`: bytes of replicas now.
  var bytes: [Int] { cluster.memory.map(\.replicaBytes) }
  /// `[device]`: the most bytes of replicas there were at any instant.
  var peakBytes: [Int] { cluster.memory.map(\.peakReplicaBytes) }
}
