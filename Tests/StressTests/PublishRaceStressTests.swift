import BallastRuntime
import Synchronization
import Testing

@Suite struct PublishRaceStressTests {
  /// Weights that spoil when their table is retired, and are fresh again when it is published anew.
  private final class SpoilingExecutor: ExpertExecutor {
    let shape: ModelShape
    let topology: Topology
    let precisions = Precision.allCases
    let memory: [DeviceMemory] = []
    let spoiled = Atomic(0)
    let batches = Atomic(0)
    /// Bit by handle: whether its weights are spoiled.
    let spoiledHandles = Atomic<UInt64>(0)

    init(shape: ModelShape, topology: Topology) {
      self.shape = shape
      self.topology = topology
    }

    func stage(_ replica: Replica, layer: LayerID) async throws(StagingError) -> StagedReplica {
      throw .unsupportedPrecision(replica.precision)
    }

    func retire(_ replica: StagedReplica) async {}

    func execute(
      _ dispatch: borrowing Dispatch, layer: LayerID, input: Span<Float>, output: inout MutableSpan<Float>,
      sample: inout ExecutionSample?
    ) throws(ExecutionError) {
      let handle = dispatch.runs[0].handle
      // Twice, as a computation reads its weights again and again.
      for _ in 0..<2 {
        let isSpoiled = spoiledHandles.load(ordering: .sequentiallyConsistent) >> UInt64(handle) & 1 == 1
        if isSpoiled || dispatch.runs.contains(where: { $0.handle != handle }) { spoiled.add(1, ordering: .relaxed) }
      }
      batches.add(1, ordering: .relaxed)
    }

    func calibrate() async throws(StagingError) -> CostModel { .tokens }
  }

  private static let publishes = 100_000
  private static let tables = 16

  @Test func lanesServeThroughAHundredThousandPublishes() async throws {
    let shape = try ModelShape(
      layers: 1, expertsPerLayer: 2, expertsPerToken: 1, bytesPerExpert: PerPrecision(repeating: 1),
      fullPrecision: .float32)
    let topology = try Topology.uniform(devices: 1, memoryBytesPerDevice: 16)
    let tables = try (0..<Self.tables).map { number in
      try RoutingTable(
        .contiguous(shape: shape, topology: topology), handle: { _, _ in UInt32(number) }, shape: shape,
        topology: topology, cost: .tokens)
    }
    let executor = SpoilingExecutor(shape: shape, topology: topology)
    let path = ServingPath(table: tables[0], executor: executor, laneLimit: 2)
    let writer = Tally()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<2 {
        group.addTask {
          var lane = try path.makeLane()
          repeat {
            for _ in 0..<20 { try Self.serve(&lane) }
            await Task.yield()
          } while !writer.isDone
        }
      }
      group.addTask {
        defer { writer.finish() }
        await Self.publish(tables, path, executor)
      }
      try await group.waitForAll()
    }
    #expect(executor.spoiled.load(ordering: .relaxed) == 0)
    #expect(executor.batches.load(ordering: .relaxed) > 0)
    #expect(path.table.currentGeneration == UInt64(Self.publishes))
  }

  /// Publishes the tables in turn; one is spoiled as soon as no lane can reach it, and fresh before it returns.
  private static func publish(_ tables: [RoutingTable], _ path: ServingPath, _ executor: SpoilingExecutor) async {
    for turn in 1...publishes {
      let (next, last) = (turn % tables.count, (turn - 1) % tables.count)
      executor.spoiledHandles.bitwiseAnd(~(1 << UInt64(next)), ordering: .sequentiallyConsistent)
      let generation = path.table.replace(with: tables[next])
      while path.table.reclaim() < generation { await Task.yield() }
      executor.spoiledHandles.bitwiseOr(1 << UInt64(last), ordering: .sequentiallyConsistent)
    }
  }

  private static func serve(_ lane: inout Lane) throws {
    let experts = [0, 1]
    let gates: [Float] = [1, 1]
    var selection = Selection(expertsPerLayer: 2)
    try selection.append(
      experts: experts.span, gates: gates.span, expertsPerToken: 1,
      traits: TokenTraits(phase: .decode))
    let input: [Float] = [1, 1]
    var output = input
    var span = output.mutableSpan
    try lane.serve(selection, layer: LayerID(0), input: input.span, output: &span)
  }
}
