import BallastRuntime
import Synchronization
import Testing

@testable import BallastControl

@Suite struct RolloutStressTests {
  /// What a stress test applies plans with: an expert moves to the other device, in turn.
  private struct Mover {
    let executor: PerishableExecutor
    let path: ServingPath
    var rollout: Rollout

    init(failureInterval: Int, laneLimit: Int) async throws {
      let shape = try ModelShape(
        layers: 1, expertsPerLayer: 4, expertsPerToken: 2, bytesPerExpert: PerPrecision(repeating: 1),
        fullPrecision: .float32)
      let topology = try Topology.uniform(devices: 2, memoryBytesPerDevice: 1 << 10)
      executor = PerishableExecutor(shape: shape, topology: topology, failureInterval: failureInterval)
      rollout = Rollout(executor: executor, configuration: RolloutConfiguration())
      let start = Placement.contiguous(shape: shape, topology: topology)
      try await rollout.stageAll(start)
      path = ServingPath(
        table: try Self.compile(start, rollout.handle, executor, version: 0), executor: executor, laneLimit: laneLimit)
    }

    /// Moves one expert.
    mutating func move(_ expert: Int) async throws -> RolloutOutcome {
      let before = path.table.current
      let layer = LayerID(0)
      let old = try #require(before.placement[layer].replicas.first { $0.expert.index == expert })
      let new = Replica(expert: old.expert, device: DeviceID(1 - old.device.index), precision: old.precision)
      let change = LayerChange(layer: layer, removed: [old], added: [new])
      var target = before.placement
      target[layer] = target[layer].applying(change)
      let forecast = PlanForecast(
        nanosecondsBefore: 2, nanosecondsAfter: 1, imbalanceBefore: 2, imbalanceAfter: 1, bytesMoved: 1,
        qualitySpent: 0)
      let plan = Plan(
        current: before.placement, target: target, changes: [change], forecast: forecast, isCutShort: false)
      let executor = executor
      let outcome = await rollout.apply(plan, to: path.table) { placement, handle throws(RoutingTableError) in
        try Self.compile(placement, handle, executor, version: before.version + 1)
      }
      if case .abandoned = outcome { #expect(path.table.current === before) }
      return outcome
    }

    private static func compile(
      _ placement: Placement, _ handle: (LayerID, Replica) -> UInt32?, _ executor: PerishableExecutor, version: UInt64
    ) throws(RoutingTableError) -> RoutingTable {
      try RoutingTable(
        placement, handle: handle, shape: executor.shape, topology: executor.topology, cost: .tokens, version: version)
    }
  }

  /// Where one lane waits for the next task to take it.
  private final class Parking: Sendable {
    private let lane = Mutex<Lane?>(nil)

    /// Leaves `next` there and takes what was.
    func swap(_ next: consuming Lane?) -> Lane? {
      var other = next
      lane.withLock { lane in Swift.swap(&lane, &other) }
      return other
    }
  }

  private func selection() throws -> Selection {
    var selection = Selection(expertsPerLayer: 4)
    let experts = [0, 1, 2, 3]
    let gates = Array(repeating: Float(0.5), count: 4)
    try selection.append(
      experts: experts.span, gates: gates.span, expertsPerToken: 2, traits: TokenTraits(phase: .decode))
    return selection
  }

  private func serve(_ lane: inout Lane, _ selection: Selection, batches: Int) throws {
    let input = [Float](repeating: 1, count: 2)
    var output = input
    var span = output.mutableSpan
    for _ in 0..<batches {
      try lane.serve(selection, layer: LayerID(0), input: input.span, output: &span)
    }
  }

  /// Lanes are made, serve, are handed to whoever comes next, serve there and are dropped, all the while.
  private func serveAndHandOver(_ path: ServingPath, until writer: Tally, _ refused: Tally) async throws {
    let selection = try selection()
    let parking = Parking()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          repeat {
            var lane = parking.swap(nil)
            do throws(LaneError) {
              if lane == nil { lane = try path.makeLane() }
            } catch {
              #expect(error == .tooManyLanes(limit: path.laneLimit))
              refused.add(1)
            }
            if var mine = lane.take() {
              try serve(&mine, selection, batches: 3)
              // Whichever lane was parked there meanwhile is dropped.
              _ = parking.swap(mine)
            }
            await Task.yield()
          } while !writer.isDone
        }
      }
      try await group.waitForAll()
    }
  }

  @Test func plansGoOnWhileLanesComeMoveAndGo() async throws {
    let plans = 3_000
    var mover = try await Mover(failureInterval: 7, laneLimit: 3)
    let path = mover.path
    let writer = Tally()
    let refused = Tally()
    var abandoned = 0
    var published: UInt64 = 0
    let serving = Task { try await serveAndHandOver(path, until: writer, refused) }
    for plan in 0..<plans {
      switch try await mover.move(plan % 4) {
      case .published: published += 1
      case .abandoned: abandoned += 1
      }
      // Several plans may wait to be retired at once.
      if plan % 3 == 0 { _ = await mover.rollout.retireUnreachable(path.table) }
      while mover.executor.staged > 32 { _ = await mover.rollout.retireUnreachable(path.table) }
    }
    writer.finish()
    try await serving.value
    _ = await mover.rollout.retireUnreachable(path.table)
    #expect(mover.executor.spoiled == 0)
    #expect(abandoned > 0)
    #expect(path.table.currentGeneration == published)
    #expect(!mover.rollout.isRetiring)
    #expect(mover.executor.staged == 4)
    #expect(path.table.keptCount == 0)
    #expect(path.counters.totals().batches(.decode, LayerID(0)) > 0)
  }
}
