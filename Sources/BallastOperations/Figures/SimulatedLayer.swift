import BallastRuntime
import BallastSimulator

/// One layer staged on a simulated cluster, which says how long batches take however they were dispatched.
struct SimulatedLayer: Sendable {
  /// One batch on the cluster.
  struct Step: Sendable {
    /// `[device]`: nanoseconds by the cluster's law.
    let deviceTimes: [Double]
    /// Which tokens met which replica.
    let dispatch: Dispatch

    /// Nanoseconds of the busiest device.
    var longest: Double { deviceTimes.max() ?? 0 }
    /// Maximum over mean device time.
    var imbalance: Double { longest * Double(deviceTimes.count) / max(deviceTimes.reduce(0, +), 1e-300) }
  }

  let cluster: SimulatedCluster
  private let placement: Placement
  private let handles: [Replica: UInt32]

  /// Stages the only layer of `placement`.
  init(shape: ModelShape, topology: Topology, cost: CostModel, placement: Placement) async throws(BenchError) {
    cluster = SimulatedCluster(shape: shape, topology: topology, cost: cost, seed: 0)
    self.placement = placement
    var handles: [Replica: UInt32] = [:]
    do throws(StagingError) {
      for replica in placement.layers[0].replicas {
        handles[replica] = try await cluster.stage(replica, layer: LayerID(0)).handle
      }
    } catch {
      throw .unmade("\(error)")
    }
    self.handles = handles
  }

  /// Dispatches batches by `law`, which may differ from the cluster's, and lets the cluster execute them.
  func steps(_ batches: [Selection], law: CostModel, policy: DispatchPolicy = .resident) throws(BenchError) -> [Step] {
    let table = try BenchError.making { () throws(RoutingTableError) in
      try RoutingTable(
        placement, handle: { handles[$1] }, shape: cluster.shape, topology: cluster.topology, cost: law,
        policy: policy)
    }
    let path = ServingPath(table: table, executor: cluster, laneLimit: 1)
    var lane = try BenchError.making { () throws(LaneError) in try path.makeLane() }
    let nothing: [Float] = []
    var output: [Float] = []
    var steps: [Step] = []
    for batch in batches {
      do throws(ExecutionError) {
        var span = output.mutableSpan
        try lane.serve(batch, layer: LayerID(0), input: nothing.span, output: &span)
      } catch {
        throw .execution(error)
      }
      steps.append(Step(deviceTimes: cluster.readings.lastDeviceTimes[0], dispatch: lane.lastDispatch))
    }
    return steps
  }
}
