public import BallastRuntime

/// Applies plans to a serving path, all or nothing: stage, then publish, then retire.
public struct Rollout: Sendable {
  // Concurrency:
  // The names in brackets are steps of the model that a checker explores, docs/verification/publication.pml.
  // - A table names only staged replicas: every addition is staged [stage] before the table that names it is
  //   published. When one cannot be, all that were are given back [abandon] and the old table stays.
  // - A replica is retired [retire] only when no lane can reach it; that is a look on a later tick, never a wait.
  private struct Key: Hashable {
    let layer: LayerID
    let replica: Replica
  }

  /// What a plan removed, until no lane can reach it; without replicas it stands for the replaced table alone.
  private struct Leaving {
    let generation: UInt64
    let replicas: [StagedReplica]
    /// Looks that found a lane still there.
    var ticks = 0
  }

  /// The knobs; a change takes effect with the next plan.
  public var configuration: RolloutConfiguration

  /// Where publications wait for the step that a plan states.
  public let switchPoint = SwitchPoint()

  private let executor: any ExpertExecutor
  private var staged: [Key: StagedReplica] = [:]
  private var leaving: [Leaving] = []

  /// A rollout onto `executor`, which holds nothing yet.
  public init(executor: any ExpertExecutor, configuration: RolloutConfiguration) {
    self.executor = executor
    self.configuration = configuration
  }

  /// Devices on which replicas of an earlier plan wait until no lane can reach them.
  var retiringDevices: Set<DeviceID> { Set(leaving.flatMap(\.replicas).map(\.replica.device)) }

  /// Publishes a plan that only removes replicas, at once.
  ///
  /// - Throws: What `compile` throws; the old table stays then.
  mutating func withdraw(
    _ plan: Plan, from table: Published<RoutingTable>,
    compile: (Placement, (LayerID, Replica) -> UInt32?) throws(RoutingTableError) -> RoutingTable
  ) throws(RoutingTableError) {
    leave(plan, table.replace(with: try compile(plan.target, handle)))
  }

  /// Whether replicas of an earlier plan wait until no lane can reach them.
  public var isRetiring: Bool { !leaving.allSatisfy(\.replicas.isEmpty) }

  /// What a lane has held up for `retirementPatienceTicks` or longer; nil while nothing waits that long.
  public var delay: RetirementDelay? {
    let oldest = leaving.first
    guard let oldest, oldest.ticks >= max(1, configuration.retirementPatienceTicks) else { return nil }
    let replicas = leaving.flatMap(\.replicas)
    return RetirementDelay(
      ticks: oldest.ticks, generation: oldest.generation, tables: leaving.count, replicas: replicas.count,
      bytes: replicas.reduce(0) { $0 + $1.bytes })
  }

  /// `[device]`: bytes of replicas that wait to be retired.
  func leavingBytes(devices: Int) -> [Int] {
    var bytes = Array(repeating: 0, count: devices)
    for replica in leaving.flatMap(\.replicas) { bytes[replica.replica.device.index] += replica.bytes }
    return bytes
  }

  /// Relative output errors measured when replicas were staged.
  public var measured: [StagedReplica] { Array(staged.values) }

  /// Stages a whole placement, before anything is served.
  ///
  /// - Throws: The first staging error; everything staged is retired then.
  public mutating func stageAll(_ placement: Placement) async throws(StagingError) {
    var done: [StagedReplica] = []
    do throws(StagingError) {
      for (index, layer) in placement.layers.enumerated() {
        for replica in layer.replicas { done.append(try await stage(replica, LayerID(index)).get()) }
      }
    } catch {
      await giveBack(done)
      throw error
    }
    keep(done)
  }

  /// The executor's handle of a staged replica.
  public func handle(_ layer: LayerID, _ replica: Replica) -> UInt32? {
    staged[Key(layer: layer, replica: replica)]?.handle
  }

  /// Stages what `plan` adds, publishes the table `compile` makes of its target, and marks what it removes as leaving.
  public mutating func apply(
    _ plan: Plan, to table: Published<RoutingTable>,
    compile: (Placement, (LayerID, Replica) -> UInt32?) throws(RoutingTableError) -> RoutingTable
  ) async -> RolloutOutcome {
    var fresh: [StagedReplica] = []
    switchPoint.announce(plan.switchStep)
    defer { switchPoint.conclude() }
    do throws(RolloutError) {
      // [stage]
      for change in plan.changes {
        for replica in change.added { fresh.append(try await stage(replica, change.layer).staging()) }
      }
      keep(fresh)
      let next = try Result { () throws(RoutingTableError) in try compile(plan.target, handle) }.compiling()
      try await prepare(next.version).staging()
      leave(plan, table.replace(with: next))
      return .published(replicas: fresh.count, bytes: fresh.reduce(0) { $0 + $1.bytes })
    } catch {
      // [abandon]
      await giveBack(fresh)
      return .abandoned(error, stagedBefore: fresh.count)
    }
  }

  /// Retires what no lane can reach any more.
  ///
  /// - Returns: Replicas retired now.
  public mutating func retireUnreachable(_ table: Published<RoutingTable>) async -> Int {
    let reached = table.reclaim()
    let ready = leaving.filter { $0.generation <= reached }
    leaving.removeAll { $0.generation <= reached }
    for index in leaving.indices { leaving[index].ticks += 1 }
    // [retire]
    for replica in ready.flatMap(\.replicas) { await executor.retire(replica) }
    return ready.reduce(0) { $0 + $1.replicas.count }
  }

  private mutating func keep(_ replicas: [StagedReplica]) {
    for replica in replicas { staged[Key(layer: replica.layer, replica: replica.replica)] = replica }
  }

  private mutating func giveBack(_ replicas: [StagedReplica]) async {
    for replica in replicas {
      staged[Key(layer: replica.layer, replica: replica.replica)] = nil
      await executor.retire(replica)
    }
  }

  private mutating func leave(_ plan: Plan, _ generation: UInt64) {
    var replicas: [StagedReplica] = []
    for change in plan.changes {
      for replica in change.removed {
        if let gone = staged.removeValue(forKey: Key(layer: change.layer, replica: replica)) { replicas.append(gone) }
      }
    }
    leaving.append(Leaving(generation: generation, replicas: replicas))
  }

  private func prepare(_ version: UInt64) async -> Result<Void, StagingError> {
    do throws(StagingError) {
      try await executor.preparePublication(version: version)
      return .success(try await switchPoint.wait())
    } catch {
      return .failure(error)
    }
  }

  /// Stages one replica, within the time and at the pace allowed.
  private func stage(_ replica: Replica, _ layer: LayerID) async -> Result<StagedReplica, StagingError> {
    let executor = executor
    let limit = configuration.stagingTimeoutSeconds
    let outcome = await withTaskGroup(of: Result<StagedReplica, StagingError>?.self) { group in
      group.addTask {
        do throws(StagingError) { return .success(try await executor.stage(replica, layer: layer)) } catch {
          return .failure(error)
        }
      }
      group.addTask {
        try? await Task.sleep(for: Self.duration(limit))
        return nil
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      if let first { return first }
      if case .success(let late)? = await group.next() ?? nil { await executor.retire(late) }
      return .failure(Task.isCancelled ? .cancelled : .timedOut(seconds: limit))
    }
    if case .success(let staged) = outcome, configuration.stagingBytesPerSecond > 0 {
      try? await Task.sleep(for: Self.duration(Double(staged.bytes) / Double(configuration.stagingBytesPerSecond)))
    }
    return outcome
  }

  /// As long as a duration may be, for knobs beyond that.
  private static func duration(_ seconds: Double) -> Duration { .seconds(seconds > 0 ? min(seconds, 1e9) : 0) }
}

extension Result where Failure == StagingError {
  fileprivate func staging() throws(RolloutError) -> Success { try mapError { RolloutError.staging($0) }.get() }
}

extension Result where Failure == RoutingTableError {
  fileprivate func compiling() throws(RolloutError) -> Success { try mapError { RolloutError.compiling($0) }.get() }
}
