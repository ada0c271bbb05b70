import BallastRuntime
import Synchronization
import Testing

@testable import BallastCPU

@Suite struct StoredExpertsTests {
  /// Weights that can be taken away while an executor serves.
  private final class FadingExpert: ExpertWeightSource {
    let expert: TestExpert
    let isGone = Atomic<Bool>(false)
    var precision: Precision { expert.precision }

    init(_ expert: TestExpert) { self.expert = expert }

    func withMatrix<Outcome>(
      _ matrix: ExpertMatrix, layer: LayerID, expert: ExpertID, _ body: (RawSpan) -> Outcome
    ) throws(StagingError) -> Outcome {
      if isGone.load(ordering: .relaxed) { throw .badWeights(layer: layer, expert: expert, reason: "gone") }
      return try self.expert.withMatrix(matrix, layer: layer, expert: expert, body)
    }
  }

  private static let stored = Replica(
    expert: ExpertID(0), device: DeviceID(0), precision: .bfloat16, residency: .stored)

  private func executor(
    _ source: some ExpertWeightSource, _ dimensions: ExpertDimensions, memoryBytes: Int = 0
  ) throws -> CPUExecutor {
    let shape = try dimensions.modelShape(
      layers: 1, expertsPerLayer: 1, expertsPerToken: 1, fullPrecision: .bfloat16)
    return try CPUExecutor(
      source: source, shape: shape, dimensions: dimensions,
      configuration: CPUExecutorConfiguration(devices: 1, memoryBytesPerDevice: memoryBytes))
  }

  private func outputs(_ staged: StagedReplica, _ executor: CPUExecutor, tokens: Int) throws -> [Float] {
    let table = try RoutingTable(
      Placement(layers: [LayerPlacement([staged.replica])]), handle: { _, _ in staged.handle }, shape: executor.shape,
      topology: executor.topology, cost: .tokens)
    var selection = Selection(expertsPerLayer: 1)
    let experts = Array(repeating: 0, count: tokens)
    let gates = Array(repeating: Float(1), count: tokens)
    try selection.append(
      experts: experts.span, gates: gates.span, expertsPerToken: 1, traits: TokenTraits(phase: .prefill))
    var dispatcher = Dispatcher()
    var dispatch = Dispatch()
    dispatcher.dispatch(selection, layer: LayerID(0), table: table, into: &dispatch)
    var random = Numbers(seed: 5)
    let input = random.gaussians(tokens * executor.dimensions.hidden)
    var output = Array(repeating: Float.nan, count: input.count)
    var span = output.mutableSpan
    var sample: ExecutionSample?
    try executor.execute(dispatch, layer: LayerID(0), input: input.span, output: &span, sample: &sample)
    return output
  }

  /// No device memory at all, and the same bits.
  @Test(arguments: [Precision.float32, .bfloat16])
  func aStoredReplicaAnswersAsAResidentOne(precision: Precision) async throws {
    let source = try TestExpert(hidden: 200, inner: 72, precision: precision)
    let executor = try executor(source, source.dimensions)
    let staged = try await executor.stage(Self.stored, layer: LayerID(0))
    #expect(staged.bytes == 0 && executor.memory[0].peakReplicaBytes == 0)
    let roomy = try self.executor(source, source.dimensions, memoryBytes: 1 << 20)
    let resident = try await roomy.stage(Self.stored.resident(at: .bfloat16), layer: LayerID(0))
    for tokens in [1, 5, 130] {
      #expect(try outputs(staged, executor, tokens: tokens) == outputs(resident, roomy, tokens: tokens))
    }
  }

  @Test func whatCannotBeReadIsAnErrorWhenItIsStagedAndWhenItIsServed() async throws {
    let whole = try TestExpert(hidden: 48, inner: 40, precision: .bfloat16)
    let source = FadingExpert(whole)
    let executor = try executor(source, whole.dimensions)
    let staged = try await executor.stage(Self.stored, layer: LayerID(0))
    #expect(try outputs(staged, executor, tokens: 2).allSatisfy(\.isFinite))
    source.isGone.store(true, ordering: .relaxed)
    #expect(throws: ExecutionError.storedUnreadable(layer: LayerID(0), expert: ExpertID(0))) {
      try outputs(staged, executor, tokens: 2)
    }
    await #expect(throws: StagingError.badWeights(layer: LayerID(0), expert: ExpertID(0), reason: "gone")) {
      _ = try await executor.stage(Self.stored, layer: LayerID(0))
    }
    source.isGone.store(false, ordering: .relaxed)
    #expect(try outputs(staged, executor, tokens: 2).allSatisfy(\.isFinite))
  }

  @Test func onlyTheCheckpointsPrecisionIsStored() async throws {
    let source = try TestExpert(hidden: 48, inner: 40, precision: .bfloat16)
    let executor = try executor(source, source.dimensions)
    var low = Self.stored
    low.precision = .int8
    let wrong = low
    await #expect(throws: StagingError.unsupportedPrecision(.int8)) {
      _ = try await executor.stage(wrong, layer: LayerID(0))
    }
  }

  @Test func fetchingIsCalibrated() async throws {
    let source = try TestExpert(hidden: 192, inner: 128, precision: .bfloat16)
    let cost = try await executor(source, source.dimensions).calibrate()
    #expect(cost.fetchNanoseconds > 0 && cost.fetchNanoseconds.isFinite)
  }
}
