import Ballast
import BallastCPU
import BallastControl
import BallastRuntime
import Synchronization
import Testing

/// The byte budget on real memory: while a plan is applied, and when it is abandoned.
@Suite struct MemoryBudgetScenarioTests {
  private static let (hidden, inner, experts, batch) = (64, 32, 8, 64)

  /// Weights that are all alike; `watch` is called whenever staging reads some.
  private final class Source: ExpertWeightSource {
    let precision = Precision.bfloat16
    let watch = Mutex<(@Sendable () -> Void)?>(nil)
    private let bytes = Array(repeating: UInt16(0x3d00), count: hidden * inner)

    func withMatrix<Outcome>(
      _ matrix: ExpertMatrix, layer: LayerID, expert: ExpertID, _ body: (RawSpan) -> Outcome
    ) throws(StagingError) -> Outcome {
      watch.withLock { $0 }?()
      let values = bytes
      return body(values.span.bytes)
    }
  }

  private func configuration(memoryBudgetShare: Double = 1.5, reserve: Int = 1) -> BalancerConfiguration {
    BalancerConfiguration(
      laneLimit: 2, estimator: EstimatorConfiguration(windowTokens: 1, halfLifeTicks: 0),
      controller: ControllerConfiguration(dwellTicks: 1, cooldownTicks: 1, reviewTicks: 1000),
      planner: PlannerConfiguration(
        memoryBudgetShare: memoryBudgetShare, stagingReserveExperts: reserve, leastPrecision: .int4,
        moveBudgetShare: 1, leastGain: 0, searchRounds: 16))
  }

  private func executor(_ source: Source, memoryShare: Double) throws -> CPUExecutor {
    let dimensions = try ExpertDimensions(hidden: Self.hidden, inner: Self.inner)
    let shape = try dimensions.modelShape(
      layers: 1, expertsPerLayer: Self.experts, expertsPerToken: 1, fullPrecision: .bfloat16)
    return try CPUExecutor(
      source: source, shape: shape, dimensions: dimensions,
      configuration: CPUExecutorConfiguration(
        devices: 2, memoryBytesPerDevice: Int(Double(shape.fullBytes) * memoryShare) / 2))
  }

  /// Most tokens go to expert 0.
  private func serve(_ balancer: Balancer) throws -> [Float] {
    var lane = try balancer.makeLane()
    var selection = Selection(expertsPerLayer: Self.experts)
    let experts = (0..<Self.batch).map { $0 % 8 == 0 ? $0 / 8 : 0 }
    let gates = Array(repeating: Float(1), count: Self.batch)
    try selection.append(
      experts: experts.span, gates: gates.span, expertsPerToken: 1, traits: TokenTraits(phase: .decode))
    let input = (0..<Self.batch * Self.hidden).map { Float($0 % 7) / 7 }
    var output = Array(repeating: Float.nan, count: input.count)
    var span = output.mutableSpan
    try lane.serve(selection, layer: LayerID(0), input: input.span, output: &span)
    return output
  }

  @Test func aPlanNeverHoldsMoreThanTheBudget() async throws {
    let source = Source()
    let executor = try executor(source, memoryShare: 1.5)
    let balancer = try await Balancer(executor: executor, configuration: configuration(), cost: .tokens)
    let before = balancer.statistics
    _ = try serve(balancer)
    let most = Mutex([0, 0])
    source.watch.withLock { watch in
      watch = {
        let now = executor.memory.map(\.replicaBytes)
        most.withLock { most in most = zip(most, now).map { max($0, $1) } }
      }
    }
    await balancer.tick(at: .seconds(1))
    source.watch.withLock { $0 = nil }
    #expect(balancer.statistics.plansPublished == 1)
    // While it was staged: the old and the new, never beyond the budget.
    let during = most.withLock { $0 }
    #expect(during.reduce(0, +) > before.memory.reduce(0) { $0 + $1.replicaBytes })
    #expect(zip(during, before.budgetBytesPerDevice).allSatisfy { $0 <= $1 })
    for second in 2..<8 { await balancer.tick(at: .seconds(second)) }
    let after = balancer.statistics
    #expect(
      after.memory.map(\.replicaBytes) == after.placement.bytesPerDevice(shape: executor.shape, devices: 2))
    for (memory, budget) in zip(after.memory, after.budgetBytesPerDevice) {
      #expect(memory.peakReplicaBytes <= budget)
      #expect(Precision.allCases.reduce(0) { $0 + memory.bytesByPrecision[$1] } == memory.replicaBytes)
    }
  }

  @Test func aPlanWithoutMemoryIsAbandoned() async throws {
    let source = Source()
    let executor = try executor(source, memoryShare: 1.5)
    let balancer = try await Balancer(executor: executor, configuration: configuration(), cost: .tokens)
    let exact = try serve(balancer)
    let placement = balancer.statistics.placement
    // Someone else takes what memory there is.
    var taken: [StagedReplica] = []
    for device in 0..<2 {
      for expert in 0..<Self.experts {
        let replica = Replica(expert: ExpertID(expert), device: DeviceID(device), precision: .int4)
        while let staged = try? await executor.stage(replica, layer: LayerID(0)) { taken.append(staged) }
      }
    }
    let full = executor.memory
    let event = await balancer.tick(at: .seconds(1))
    guard case .abandoned? = event?.rollout else {
      Issue.record("\(String(describing: event?.rollout))")
      return
    }
    #expect(balancer.statistics.plansAbandoned == 1 && balancer.statistics.placement == placement)
    #expect(executor.memory.map(\.replicaBytes) == full.map(\.replicaBytes))
    #expect(try serve(balancer) == exact)
    for staged in taken { await executor.retire(staged) }
    #expect(executor.memory.map(\.replicaBytes) == placement.bytesPerDevice(shape: executor.shape, devices: 2))
  }

  @Test func aBudgetBelowOneInt4CopyOfEachExpertIsRefused() async throws {
    let executor = try executor(Source(), memoryShare: 1.5)
    let needed = Self.experts / 2 * executor.shape.bytesPerExpert[.int4]
    let budget = executor.shape.fullBytes / 10 / 2
    let cause = ByteBudgetError.tooSmall(device: DeviceID(0), neededBytes: needed, budgetBytes: budget)
    await #expect(throws: BalancerError.memory(cause)) {
      try await Balancer(
        executor: executor, configuration: configuration(memoryBudgetShare: 0.1, reserve: 0), cost: .tokens)
    }
    #expect(cause.description.contains("\(needed)") && cause.description.contains("\(budget)"))
    #expect(executor.memory.allSatisfy { $0.replicaBytes == 0 })
  }
}
