import BallastRuntime
import Testing

@Suite struct ServingPathStressTests {
  private func makePath(laneLimit: Int) throws -> (path: ServingPath, executor: SpoilingExecutor) {
    let shape = try ModelShape(
      layers: 2, expertsPerLayer: 8, expertsPerToken: 2, bytesPerExpert: PerPrecision(repeating: 1),
      fullPrecision: .float32)
    let topology = try Topology.uniform(devices: 4, memoryBytesPerDevice: 1 << 20)
    let executor = SpoilingExecutor(shape: shape, topology: topology)
    return (ServingPath(table: try executor.table(0), executor: executor, laneLimit: laneLimit), executor)
  }

  private func makeSelection(first: Int) throws -> Selection {
    var selection = Selection(expertsPerLayer: 8)
    let experts = (0..<16).map { ($0 + first) % 8 }
    let gates = Array(repeating: Float(0.5), count: 16)
    try selection.append(
      experts: experts.span, gates: gates.span, expertsPerToken: 2, traits: TokenTraits(phase: .decode))
    return selection
  }

  private func serve(_ lane: inout Lane, _ selection: Selection) throws {
    let input = [Float](repeating: 1, count: 8)
    var output = input
    var span = output.mutableSpan
    try lane.serve(selection, layer: LayerID(1), input: input.span, output: &span)
  }

  @Test func countersAreExactWhenLanesAreDone() async throws {
    let (path, _) = try makePath(laneLimit: 4)
    let batches = 2_000
    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in 0..<4 {
        group.addTask {
          var lane = try path.makeLane()
          let selection = try makeSelection(first: worker)
          for _ in 0..<batches { try serve(&lane, selection) }
        }
      }
      group.addTask {
        var last = path.counters.totals()
        for _ in 0..<500 {
          let totals = path.counters.totals()
          for expert in 0..<8 {
            let (now, before) = (
              totals[.decode, LayerID(1), ExpertID(expert)], last[.decode, LayerID(1), ExpertID(expert)]
            )
            #expect(now >= before)
          }
          last = totals
        }
      }
      try await group.waitForAll()
    }
    let totals = path.counters.totals()
    for expert in 0..<8 { #expect(totals[.decode, LayerID(1), ExpertID(expert)] == UInt64(4 * batches * 2)) }
    #expect(totals.tokens(.decode, LayerID(1)) == UInt64(4 * batches * 8))
    #expect(totals.batches(.decode, LayerID(1)) == UInt64(4 * batches))
  }

  @Test func tablesAreSeenWholeAndNeverAfterTheyRetired() async throws {
    let (path, executor) = try makePath(laneLimit: 3)
    let writer = Tally()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in 0..<3 {
        group.addTask {
          var lane = try path.makeLane()
          let selection = try makeSelection(first: worker)
          repeat {
            for _ in 0..<50 { try serve(&lane, selection) }
            await Task.yield()
          } while !writer.isDone
        }
      }
      group.addTask {
        defer { writer.finish() }
        for version in 1...5_000 {
          executor.freshen(version)
          let generation = path.table.replace(with: try executor.table(version, version: version))
          while path.table.reclaim() < generation { await Task.yield() }
          executor.spoil(version - 1)
        }
      }
      try await group.waitForAll()
    }
    #expect(executor.spoiled == 0)
    #expect(path.table.keptCount == 0)
    #expect(path.table.current.version == 5_000)
  }

  @Test func lanesComeAndGoWithoutLosingRowsOrCounts() async throws {
    let limit = 3
    let (path, _) = try makePath(laneLimit: limit)
    let served = Tally()
    let refused = Tally()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in 0..<6 {
        group.addTask {
          let selection = try makeSelection(first: worker)
          for _ in 0..<1_000 {
            do {
              var lane = try path.makeLane()
              try serve(&lane, selection)
              served.add(1)
            } catch LaneError.tooManyLanes(let reported) {
              #expect(reported == limit)
              refused.add(1)
            }
          }
        }
      }
      try await group.waitForAll()
    }
    let batches = served.count
    #expect(batches + refused.count == 6_000)
    #expect(path.counters.totals().batches(.decode, LayerID(1)) == UInt64(batches))
    let first = try path.makeLane()
    let second = try path.makeLane()
    let third = try path.makeLane()
    #expect(throws: LaneError.tooManyLanes(limit: limit)) { _ = try path.makeLane() }
    _ = consume first
    _ = consume second
    _ = consume third
  }
}
