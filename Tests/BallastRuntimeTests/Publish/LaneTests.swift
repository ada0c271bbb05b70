import BallastRuntime
import Synchronization
import Testing

@Suite struct LaneTests {
  private func makePath(
    laneLimit: Int = 2, samplingInterval: Int = 0, failure: ExecutionError? = nil, rounds: Int = 1
  ) throws -> (path: ServingPath, executor: CountingExecutor) {
    let shape = try ModelShape(
      layers: 2, expertsPerLayer: 4, expertsPerToken: 2, bytesPerExpert: PerPrecision(repeating: 1),
      fullPrecision: .float32, roundsPerLayer: rounds)
    let topology = try Topology.uniform(devices: 2, memoryBytesPerDevice: 100)
    let executor = CountingExecutor(shape: shape, topology: topology, failure: failure)
    let table = try RoutingTable(
      .contiguous(shape: shape, topology: topology), handle: { UInt32($0.index * 4 + $1.expert.index) }, shape: shape,
      topology: topology, cost: .tokens, samplingInterval: samplingInterval)
    return (ServingPath(table: table, executor: executor, laneLimit: laneLimit), executor)
  }

  private func makeSelection(expertsPerLayer: Int = 4) throws -> Selection {
    var selection = Selection(expertsPerLayer: expertsPerLayer)
    let experts = [0, 1, 1, 2]
    let gates: [Float] = [0.25, 0.75, 0.5, 0.25]
    try selection.append(
      experts: experts.span, gates: gates.span, expertsPerToken: 2, traits: TokenTraits(phase: .decode))
    return selection
  }

  private func serve(
    _ lane: inout Lane, _ selection: Selection, layer: Int = 0, residual: [Float]? = nil
  ) throws(ExecutionError) -> [Float] {
    let input: [Float] = [1, 1, 1, 1]
    var output: [Float] = [9, 9, 9, 9]
    var span = output.mutableSpan
    if let residual {
      try lane.serve(
        selection, layer: LayerID(layer), input: input.span, residual: residual.span, output: &span)
    } else {
      try lane.serve(selection, layer: LayerID(layer), input: input.span, output: &span)
    }
    return output
  }

  @Test func servingCountsAndExecutes() throws {
    let (path, executor) = try makePath()
    var lane = try path.makeLane()
    #expect(try serve(&lane, makeSelection()) == [1, 1, 0.75, 0.75])
    let totals = path.counters.totals()
    #expect((0..<4).map { totals[.decode, LayerID(0), ExpertID($0)] } == [1, 2, 1, 0])
    #expect(executor.executed.withLock { $0 } == 1)
    #expect(lane.lastDispatch.runs.map(\.expert.index) == [0, 1, 2])
  }

  @Test func theVersionIsThatOfTheTablePublishedLast() throws {
    let (path, _) = try makePath()
    let lane = try path.makeLane()
    #expect(lane.tableVersion == 0)
    let next = try RoutingTable(
      .contiguous(shape: path.executor.shape, topology: path.executor.topology), handle: { _, _ in 0 },
      shape: path.executor.shape, topology: path.executor.topology, cost: .tokens, version: 7)
    path.table.replace(with: next)
    #expect(lane.tableVersion == 7)
  }

  @Test func dispatchingCountsWithoutExecuting() throws {
    let (path, executor) = try makePath()
    var lane = try path.makeLane()
    try lane.dispatch(makeSelection(), layer: LayerID(1)) { dispatch in
      #expect(dispatch.rows.count == 4)
      #expect(dispatch.runs.map(\.handle) == [4, 5, 6])
      #expect(path.table.oldestAnnouncedGeneration == 0)
    }
    #expect(path.table.oldestAnnouncedGeneration == nil)
    #expect(lane.lastDispatch.runs.map(\.handle) == [4, 5, 6])
    #expect(path.counters.totals().tokens(.decode, LayerID(1)) == 2)
    #expect(executor.executed.withLock { $0 } == 0)
  }

  @Test func recordingCountsAndNoMore() throws {
    let (path, executor) = try makePath()
    var lane = try path.makeLane()
    let ids: [UInt8] = [0, 1, 3, 3, 2, 0]
    let mask = [true, false, true]
    let span = try SelectionSpan(
      experts: ids.span, rows: .uniform(2), expertsPerLayer: 4, traits: .shared(TokenTraits(phase: .prefill)),
      mask: mask.span)
    try lane.record(span, layer: LayerID(1))
    let totals = path.counters.totals()
    #expect((0..<4).map { totals[.prefill, LayerID(1), ExpertID($0)] } == [2, 1, 1, 0])
    #expect(totals.tokens(.prefill, LayerID(1)) == 2 && totals.batches(.prefill, LayerID(1)) == 1)
    #expect(executor.executed.withLock { $0 } == 0 && lane.lastDispatch.rows.isEmpty)
    do {
      try lane.record(span, layer: LayerID(2))
      Issue.record("layer 2 was accepted")
    } catch {
      #expect(error == .layerOutOfRange(layer: LayerID(2), layers: 2))
    }
  }

  @Test func nothingIsDispatchedToNothing() throws {
    let (path, _) = try makePath()
    var lane = try path.makeLane()
    try lane.dispatch(Selection(expertsPerLayer: 4), layer: LayerID(0)) { dispatch in
      #expect(dispatch.runs.isEmpty && dispatch.tokenCount == 0 && dispatch.deviceTimes == [0, 0])
    }
    #expect(path.counters.totals() == LoadTotals(layers: 2, expertsPerLayer: 4))
  }

  @Test func aLaneMovesBetweenThreads() async throws {
    let (path, _) = try makePath()
    let selection = try makeSelection()
    for _ in 0..<20 {
      var lane = try path.makeLane()
      try lane.dispatch(selection, layer: LayerID(0)) { _ in }
      let moved = Mutex<Lane?>(consume lane)
      await Task.detached {
        moved.withLock { lane in
          _ = try? lane?.dispatch(selection, layer: LayerID(0)) { _ in }
          lane = nil
        }
      }.value
    }
    #expect(path.counters.totals().tokens == 80)
  }

  @Test func lanesAreLimitedAndGivenBack() throws {
    let (path, _) = try makePath(laneLimit: 2)
    let first = try path.makeLane()
    do {
      let second = try path.makeLane()
      #expect(throws: LaneError.tooManyLanes(limit: 2)) { _ = try path.makeLane() }
      _ = consume second
    }
    let third = try path.makeLane()
    #expect(throws: LaneError.tooManyLanes(limit: 2)) { _ = try path.makeLane() }
    _ = consume first
    _ = consume third
    _ = try path.makeLane()
  }

  @Test func selectionsForAnotherModelAreRefusedUncounted() throws {
    let (path, _) = try makePath()
    var lane = try path.makeLane()
    let other = try makeSelection(expertsPerLayer: 5)
    for layer in [2, -1] {
      do {
        _ = try serve(&lane, makeSelection(), layer: layer)
        Issue.record("layer \(layer) was accepted")
      } catch let error as ExecutionError {
        #expect(error == .layerOutOfRange(layer: LayerID(layer), layers: 2))
      }
    }
    do {
      try lane.dispatch(other, layer: LayerID(0)) { _ in Issue.record("it was dispatched") }
      Issue.record("a selection over 5 experts was accepted")
    } catch {
      #expect(error == .expertCount(selection: 5, model: 4))
    }
    #expect(path.counters.totals().tokens == 0)
  }

  @Test func aFailingExecutorLeavesTheLoadCounted() throws {
    let (path, _) = try makePath(failure: .deviceLost(DeviceID(1)))
    var lane = try path.makeLane()
    do {
      _ = try serve(&lane, makeSelection())
      Issue.record("the failure was swallowed")
    } catch let error as ExecutionError {
      #expect(error == .deviceLost(DeviceID(1)))
    }
    #expect(path.counters.totals().tokens == 2)
    #expect(path.table.oldestAnnouncedGeneration == nil)
  }

  @Test func oneBatchInSoManyIsSampledPerLayer() throws {
    let (path, executor) = try makePath(samplingInterval: 3)
    var lane = try path.makeLane()
    for _ in 0..<7 { _ = try serve(&lane, makeSelection(), layer: 0, residual: [1, 0, 1, 0]) }
    _ = try serve(&lane, makeSelection(), layer: 1, residual: [1, 0, 1, 0])
    #expect(executor.sampled.withLock { $0 } == 2)
    let samples = path.samples.totals()
    #expect(samples.shadowed[0] == [2, 0, 0, 0])
    #expect(samples.error[0][0] == 0.5)
    #expect(samples.importance[1] == [0, 0, 0, 0])
  }

  @Test func importanceIsGateTimesNormTimesTurn() throws {
    let (path, _) = try makePath(samplingInterval: 1)
    var lane = try path.makeLane()
    _ = try serve(&lane, makeSelection(), residual: [1, 0, 1, 0])
    // Token 0 turns (1, 0) to (2, 1): 1 − 2/√5; token 1 turns it to (1.75, 0.75).
    let first = 1 - 2 / 5.0.squareRoot()
    let second = 1 - 1.75 / (1.75 * 1.75 + 0.75 * 0.75).squareRoot()
    let importance = path.samples.totals().importance[0]
    let expected = [0.25 * 2 * first, 0.75 * 2 * first + 0.5 * 2 * second, 0.25 * 2 * second, 0]
    for (value, expected) in zip(importance, expected) { #expect(abs(value - expected) < 1e-6) }
  }

  @Test func nothingIsLearnedWithoutTheResidual() throws {
    let (path, executor) = try makePath(samplingInterval: 1)
    var lane = try path.makeLane()
    _ = try serve(&lane, makeSelection())
    #expect(executor.sampled.withLock { $0 } == 0)
    #expect(path.samples.totals().importance[0] == [0, 0, 0, 0])
  }

  @Test func roundsAreServedAndCountedApart() throws {
    let (path, executor) = try makePath(samplingInterval: 1, rounds: 2)
    var lane = try path.makeLane()
    let selection = try makeSelection()
    let input: [Float] = [1, 1, 1, 1]
    var output = input
    for round in 0..<2 {
      var span = output.mutableSpan
      try lane.serve(
        selection, layer: LayerID(1), round: RoundID(round), input: input.span, residual: input.span,
        output: &span)
    }
    try lane.dispatch(selection, layer: LayerID(1), round: RoundID(1)) { _ in }
    try lane.record(selection.span, layer: LayerID(1), round: RoundID(1))
    let totals = path.counters.totals()
    #expect((0..<2).map { totals[.decode, LayerID(1), RoundID($0), ExpertID(1)] } == [2, 6])
    #expect(totals[.decode, LayerID(1), ExpertID(1)] == 8)
    #expect(executor.executed.withLock { $0 } == 2)
    #expect(path.samples.totals().imbalanceByRound.map(\.batches) == [1, 2])
  }

  @Test func roundsOutOfRangeAreRefusedUncounted() throws {
    let selection = try makeSelection()
    for (rounds, bad) in [(1, 1), (2, 2), (2, -1), (1, Int.max)] {
      let (path, executor) = try makePath(rounds: rounds)
      var lane = try path.makeLane()
      do {
        try lane.dispatch(selection, layer: LayerID(0), round: RoundID(bad)) { _ in
          Issue.record("it was dispatched")
        }
        Issue.record("round \(bad) was accepted")
      } catch {
        #expect(error == .roundOutOfRange(round: RoundID(bad), rounds: rounds))
        #expect(error.description == "round \(bad) is not one of the \(rounds) of the model's layers")
      }
      #expect(path.counters.totals().tokens == 0 && executor.executed.withLock { $0 } == 0)
    }
  }
}
