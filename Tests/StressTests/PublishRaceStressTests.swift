import BallastRuntime
import Testing

@Suite struct PublishRaceStressTests {
  private static let publishes = 100_000
  private static let tables = 16

  @Test func lanesServeThroughAHundredThousandPublishes() async throws {
    let shape = try ModelShape(
      layers: 1, expertsPerLayer: 2, expertsPerToken: 1, bytesPerExpert: PerPrecision(repeating: 1),
      fullPrecision: .float32)
    let topology = try Topology.uniform(devices: 1, memoryBytesPerDevice: 16)
    let executor = SpoilingExecutor(shape: shape, topology: topology)
    let tables = try (0..<Self.tables).map { try executor.table($0) }
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
    #expect(executor.spoiled == 0)
    #expect(executor.batches > 0)
    #expect(path.table.currentGeneration == UInt64(Self.publishes))
  }

  /// Publishes the tables in turn; one is spoiled as soon as no lane can reach it, and fresh before it returns.
  private static func publish(_ tables: [RoutingTable], _ path: ServingPath, _ executor: SpoilingExecutor) async {
    for turn in 1...publishes {
      let (next, last) = (turn % tables.count, (turn - 1) % tables.count)
      executor.freshen(next)
      let generation = path.table.replace(with: tables[next])
      while path.table.reclaim() < generation { await Task.yield() }
      executor.spoil(last)
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
