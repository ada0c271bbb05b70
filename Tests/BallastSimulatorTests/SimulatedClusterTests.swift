import BallastRuntime
import BallastSimulator
import Testing

@Suite struct SimulatedClusterTests {
  private static let bytes = PerPrecision<Int> { $0 == .float32 ? 400 : $0 == .bfloat16 ? 200 : $0 == .int8 ? 100 : 50 }

  private func makeShape() throws -> ModelShape {
    try ModelShape(
      layers: 2, expertsPerLayer: 4, expertsPerToken: 2, bytesPerExpert: Self.bytes, fullPrecision: .bfloat16)
  }

  private func makeCluster(memoryBytes: Int = 1_000, seed: UInt64 = 1) throws -> SimulatedCluster {
    let topology = try Topology(devices: [
      Topology.Device(memoryBytes: memoryBytes), Topology.Device(memoryBytes: memoryBytes, relativeSpeed: 2),
    ])
    let cost = CostModel(
      activationNanoseconds: PerPrecision(repeating: 10), perTokenNanoseconds: PerPrecision(repeating: 3),
      linkBytesPerSecond: 1e9, nodeLinkBytesPerSecond: 1e8)
    return SimulatedCluster(shape: try makeShape(), topology: topology, cost: cost, seed: seed)
  }

  private func replica(_ expert: Int, _ device: Int, _ precision: Precision = .bfloat16) -> Replica {
    Replica(expert: ExpertID(expert), device: DeviceID(device), precision: precision)
  }

  /// Stages one copy of each expert of layer 0, contiguous, and dispatches every expert `tokens` times.
  private func makeDispatch(
    _ cluster: SimulatedCluster, tokens: Int, policy: DispatchPolicy = .resident
  ) async throws -> (Dispatch, [Replica: StagedReplica]) {
    let placement = Placement.contiguous(shape: cluster.shape, topology: cluster.topology)
    var staged: [Replica: StagedReplica] = [:]
    for replica in placement.layers[0].replicas {
      staged[replica] = try await cluster.stage(replica, layer: LayerID(0))
    }
    let table = try RoutingTable(
      placement, handle: { staged[$1]?.handle }, shape: cluster.shape, topology: cluster.topology,
      cost: cluster.cost, policy: policy)
    var selection = Selection(expertsPerLayer: 4)
    let experts = (0..<tokens).flatMap { _ in [0, 1, 2, 3] }
    let gates = experts.map { _ in Float(0.25) }
    try selection.append(
      experts: experts.span, gates: gates.span, expertsPerToken: 4, traits: TokenTraits(phase: .prefill))
    var dispatcher = Dispatcher()
    var dispatch = Dispatch()
    dispatcher.dispatch(selection, layer: LayerID(0), table: table, into: &dispatch)
    return (dispatch, staged)
  }

  @Test func storedReplicasTakeNoMemoryAndTimeToFetch() async throws {
    let shape = try makeShape()
    let cost = CostModel(
      activationNanoseconds: PerPrecision(repeating: 10), perTokenNanoseconds: PerPrecision(repeating: 3),
      fetchNanoseconds: 1000, linkBytesPerSecond: 1e9, nodeLinkBytesPerSecond: 1e8)
    let cluster = SimulatedCluster(
      shape: shape, topology: try .uniform(devices: 1, memoryBytesPerDevice: 0), cost: cost, seed: 1)
    let stored = (0..<4).map {
      Replica(expert: ExpertID($0), device: DeviceID(0), precision: .bfloat16, residency: .stored)
    }
    var handles: [Replica: UInt32] = [:]
    for replica in stored { handles[replica] = try await cluster.stage(replica, layer: LayerID(0)).handle }
    #expect(cluster.memory.map(\.peakReplicaBytes) == [0])
    #expect(cluster.readings.stagingNanoseconds == [0])
    let table = try RoutingTable(
      Placement(layers: [LayerPlacement(stored)]), handle: { handles[$1] }, shape: shape, topology: cluster.topology,
      cost: cost)
    var selection = Selection(expertsPerLayer: 4)
    let experts = [0, 1]
    let gates: [Float] = [1, 1]
    try selection.append(
      experts: experts.span, gates: gates.span, expertsPerToken: 2, traits: TokenTraits(phase: .decode))
    var dispatcher = Dispatcher()
    var dispatch = Dispatch()
    dispatcher.dispatch(selection, layer: LayerID(0), table: table, into: &dispatch)
    #expect(dispatch.deviceTimes == [2026])
    _ = try execute(cluster, dispatch)
    #expect(cluster.readings.elapsedNanoseconds == 2026)
  }

  private func execute(
    _ cluster: SimulatedCluster, _ dispatch: Dispatch, layer: Int = 0, sampled: Bool = false, hidden: Int = 2
  ) throws -> (output: [Float], sample: ExecutionSample?) {
    let input = Array(repeating: Float(1), count: dispatch.tokenCount * hidden)
    var output = Array(repeating: Float(7), count: dispatch.tokenCount * hidden)
    var sample: ExecutionSample? = sampled ? ExecutionSample() : nil
    var span = output.mutableSpan
    try cluster.execute(dispatch, layer: LayerID(layer), input: input.span, output: &span, sample: &sample)
    return (output, sample)
  }

  @Test func theLayerTakesItsSlowestDevice() async throws {
    let cluster = try makeCluster()
    let (dispatch, _) = try await makeDispatch(cluster, tokens: 5)
    let output = try execute(cluster, dispatch).output
    // Two replicas a device: 2 · (10 + 5 · 3) at speed 1, half of it at speed 2.
    #expect(cluster.readings.lastDeviceTimes == [[50, 25], [0, 0]])
    #expect(cluster.readings.elapsedNanoseconds == 50)
    #expect(output.allSatisfy { $0 == 0 })
    _ = try execute(cluster, dispatch)
    #expect(cluster.readings.elapsedNanoseconds == 100)
    #expect(cluster.readings.busyNanoseconds == [100, 50])
    #expect(cluster.readings.batches == 2)
    #expect(cluster.readings.lastDeviceTimes[0] == dispatch.deviceTimes)
  }

  @Test func borrowingPaysTheLink() async throws {
    let cluster = try makeCluster(memoryBytes: 10_000)
    let policy = DispatchPolicy.borrowing(
      BorrowLimits(imbalanceThreshold: 1, capacityFactor: 1, minimumChunkTokens: 1))
    let (dispatch, _) = try await makeDispatch(cluster, tokens: 1_000, policy: policy)
    let borrowed = dispatch.runs.filter { $0.home != $0.device }
    #expect(!borrowed.isEmpty)
    _ = try execute(cluster, dispatch)
    #expect(cluster.readings.borrowedBytes == 200 * borrowed.count)
    for (time, forecast) in zip(cluster.readings.lastDeviceTimes[0], dispatch.deviceTimes) {
      #expect(abs(time - forecast) < 1e-6 * forecast)
    }
  }

  @Test func samplesAreDeterministicAndFilled() async throws {
    let cluster = try makeCluster()
    let other = try makeCluster()
    let (dispatch, _) = try await makeDispatch(cluster, tokens: 3)
    let (otherDispatch, _) = try await makeDispatch(other, tokens: 3)
    let sample = try #require(try execute(cluster, dispatch, sampled: true).sample)
    let again = try #require(try execute(other, otherDispatch, sampled: true).sample)
    #expect(sample.norms.count == dispatch.rows.count)
    #expect(sample.norms.allSatisfy { $0 > 0 })
    #expect(sample.norms == again.norms)
    #expect(Set(sample.norms).count > 4)
    #expect(sample.shadows.isEmpty)
  }

  @Test func memoryIsEnforcedAndItsPeakKept() async throws {
    let cluster = try makeCluster(memoryBytes: 500)
    let first = try await cluster.stage(replica(0, 0), layer: LayerID(0))
    _ = try await cluster.stage(replica(1, 0), layer: LayerID(0))
    await #expect(throws: StagingError.outOfMemory(device: DeviceID(0), neededBytes: 200, freeBytes: 100)) {
      try await cluster.stage(self.replica(2, 0), layer: LayerID(0))
    }
    #expect(cluster.memory[0] == DeviceMemory(replicaBytes: 400, peakReplicaBytes: 400, overheadBytes: 0))
    await cluster.retire(first)
    await cluster.retire(first)
    #expect(cluster.memory[0] == DeviceMemory(replicaBytes: 200, peakReplicaBytes: 400, overheadBytes: 0))
    #expect(cluster.readings.stagedBytes == 400)
    #expect(cluster.readings.stagingNanoseconds == [400, 0])
  }

  @Test func errorsFollowThePrecision() async throws {
    let cluster = try makeCluster(memoryBytes: 10_000)
    let exact = try await cluster.stage(replica(0, 0, .float32), layer: LayerID(0))
    let full = try await cluster.stage(replica(0, 0, .bfloat16), layer: LayerID(0))
    let int8 = try await cluster.stage(replica(0, 0, .int8), layer: LayerID(0))
    let int4 = try await cluster.stage(replica(0, 0, .int4), layer: LayerID(0))
    #expect(exact.relativeError == 0 && full.relativeError == 0)
    #expect((0.005...0.015).contains(int8.relativeError))
    #expect((0.05...0.15).contains(int4.relativeError))
    let twin = try await cluster.stage(replica(0, 1, .int8), layer: LayerID(0))
    #expect(twin.relativeError == int8.relativeError)
    #expect(Set([exact, full, int8, int4, twin].map(\.handle)).count == 5)
  }

  @Test func aLostDeviceNeitherStagesNorComputes() async throws {
    let cluster = try makeCluster()
    let (dispatch, _) = try await makeDispatch(cluster, tokens: 1)
    cluster.inject(.deviceLost(DeviceID(1)))
    #expect(throws: ExecutionError.deviceLost(DeviceID(1))) { try self.execute(cluster, dispatch) }
    await #expect(throws: StagingError.deviceLost(DeviceID(1))) {
      try await cluster.stage(self.replica(0, 1), layer: LayerID(1))
    }
    #expect(cluster.readings.elapsedNanoseconds == 0)
    cluster.restore(DeviceID(1))
    _ = try execute(cluster, dispatch)
    #expect(cluster.readings.elapsedNanoseconds > 0)
  }

  @Test func failingStagingsLeaveNothing() async throws {
    let cluster = try makeCluster()
    cluster.inject(.stagingsFail(next: 2, .timedOut(seconds: 3)))
    for _ in 0..<2 {
      await #expect(throws: StagingError.timedOut(seconds: 3)) {
        try await cluster.stage(self.replica(0, 0), layer: LayerID(0))
      }
    }
    #expect(cluster.memory[0].replicaBytes == 0)
    #expect(cluster.memory[0].peakReplicaBytes == 200)
    _ = try await cluster.stage(replica(0, 0), layer: LayerID(0))
    #expect(cluster.memory[0].replicaBytes == 200)
  }

  @Test func aHangingStagingEndsWhenCancelled() async throws {
    let cluster = try makeCluster()
    cluster.inject(.stagingsHang(next: 1))
    let replica = replica(0, 0)
    let staging = Task { try await cluster.stage(replica, layer: LayerID(0)) }
    while cluster.memory[0].replicaBytes == 0 { await Task.yield() }
    staging.cancel()
    await #expect(throws: StagingError.cancelled) { try await staging.value }
    #expect(cluster.memory[0].replicaBytes == 0)
    _ = try await cluster.stage(replica, layer: LayerID(0))
  }

  @Test func unreliableStagingFollowsTheSeed() async throws {
    func failures(seed: UInt64) async throws -> [Bool] {
      let cluster = try makeCluster(memoryBytes: 1_000_000, seed: seed)
      cluster.inject(.stagingsUnreliable(share: 0.5, .timedOut(seconds: 1)))
      var failures: [Bool] = []
      for _ in 0..<64 {
        do {
          _ = try await cluster.stage(replica(0, 0), layer: LayerID(0))
          failures.append(false)
        } catch { failures.append(true) }
      }
      return failures
    }
    let first = try await failures(seed: 1)
    #expect(first == (try await failures(seed: 1)))
    #expect(first != (try await failures(seed: 2)))
    #expect((10...54).contains(first.count { $0 }))
  }

  @Test func badInputIsNamed() async throws {
    let cluster = try makeCluster()
    let (dispatch, staged) = try await makeDispatch(cluster, tokens: 2)
    #expect(throws: ExecutionError.layerOutOfRange(layer: LayerID(2), layers: 2)) {
      try self.execute(cluster, dispatch, layer: 2)
    }
    #expect(throws: ExecutionError.unknownReplica(handle: dispatch.runs[0].handle)) {
      try self.execute(cluster, dispatch, layer: 1)
    }
    #expect(throws: ExecutionError.wrongLength(name: "output", count: 3, expected: 4)) {
      let input: [Float] = [1, 2, 3, 4]
      var output: [Float] = [0, 0, 0]
      var span = output.mutableSpan
      var sample: ExecutionSample?
      try cluster.execute(dispatch, layer: LayerID(0), input: input.span, output: &span, sample: &sample)
    }
    for replica in staged.values { await cluster.retire(replica) }
    #expect(throws: ExecutionError.self) { try self.execute(cluster, dispatch) }
    await #expect(throws: StagingError.self) { try await cluster.stage(self.replica(4, 0), layer: LayerID(0)) }
    await #expect(throws: StagingError.self) { try await cluster.stage(self.replica(0, 0), layer: LayerID(-1)) }
    await #expect(throws: StagingError.deviceLost(DeviceID(9))) {
      try await cluster.stage(self.replica(0, 9), layer: LayerID(0))
    }
  }

  @Test func calibrationIsTheCostGiven() async throws {
    let cluster = try makeCluster()
    #expect(try await cluster.calibrate() == cluster.cost)
  }
}
