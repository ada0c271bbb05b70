import BallastCPU
import BallastRuntime
import Testing

@Suite struct CPUExecutorTests {
  /// One expert for every token, gate 1: the executor's output is the expert's.
  private func outputs(_ source: TestExpert, _ precision: Precision, tokens: Int) async throws -> Double {
    let hidden = source.dimensions.hidden
    let executor = try single(source)
    let staged = try await executor.stage(
      Replica(expert: ExpertID(0), device: DeviceID(0), precision: precision), layer: LayerID(0))
    let dispatch = try dispatch(staged, on: executor, tokens: tokens)
    var random = Numbers(seed: 11)
    let input = random.gaussians(tokens * hidden)
    var output = Array(repeating: Float.nan, count: input.count)
    var span = output.mutableSpan
    var sample: ExecutionSample?
    try executor.execute(dispatch, layer: LayerID(0), input: input.span, output: &span, sample: &sample)
    let rows = (0..<tokens).map { Array(output[$0 * hidden..<($0 + 1) * hidden]) }
    return relativeError(rows, (0..<tokens).map { source.output(for: Array(input[$0 * hidden..<($0 + 1) * hidden])) })
  }

  private func single(_ source: TestExpert) throws -> CPUExecutor {
    let shape = try source.dimensions.modelShape(
      layers: 1, expertsPerLayer: 1, expertsPerToken: 1, fullPrecision: source.precision)
    return try CPUExecutor(
      source: source, shape: shape, dimensions: source.dimensions,
      configuration: CPUExecutorConfiguration(devices: 1, memoryBytesPerDevice: shape.fullBytes * 4))
  }

  private func dispatch(_ staged: StagedReplica, on executor: CPUExecutor, tokens: Int) throws -> Dispatch {
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
    return dispatch
  }

  /// Tolerances: rounding of float32; of activations to bfloat16; of weights to int8 or int4 and of activations to int8.
  @Test(arguments: [(Precision.float32, 1e-5), (.bfloat16, 8e-3), (.int8, 2.5e-2), (.int4, 0.2)])
  func computesSwiGLU(precision: Precision, tolerance: Double) async throws {
    for precisionOfSource in [Precision.float32, .bfloat16] {
      let source = try TestExpert(hidden: 200, inner: 72, precision: precisionOfSource)
      for tokens in [1, 33] { #expect(try await outputs(source, precision, tokens: tokens) < tolerance) }
    }
  }

  @Test func measuresWhatRoundingCosts() async throws {
    let source = try TestExpert(hidden: 192, inner: 128, precision: .bfloat16)
    let executor = try single(source)
    func error(_ precision: Precision) async throws -> Double {
      let replica = Replica(expert: ExpertID(0), device: DeviceID(0), precision: precision)
      return try await executor.stage(replica, layer: LayerID(0)).relativeError
    }
    #expect(try await error(.float32) == 0)
    #expect(try await error(.bfloat16) == 0)
    let int8 = try await error(.int8)
    #expect(int8 > 0.005 && int8 < 0.022)
    let int4 = try await error(.int4)
    #expect(int4 > 0.05 && int4 < 0.2)
  }

  /// Tokens met while serving at full precision teach the weighted quantizer, and it errs less on others like them.
  @Test func fitsWhatItHasServed() async throws {
    let source = try TestExpert(hidden: 64, inner: 32)
    var errors: [Quantizer: Double] = [:]
    for quantizer in Quantizer.allCases {
      let shape = try source.dimensions.modelShape(
        layers: 1, expertsPerLayer: 1, expertsPerToken: 1, fullPrecision: .float32)
      let executor = try CPUExecutor(
        source: source, shape: shape, dimensions: source.dimensions,
        configuration: CPUExecutorConfiguration(
          devices: 1, memoryBytesPerDevice: shape.fullBytes * 4, quantizer: quantizer))
      let exact = try await executor.stage(
        Replica(expert: ExpertID(0), device: DeviceID(0), precision: .float32), layer: LayerID(0))
      let dispatch = try dispatch(exact, on: executor, tokens: 600)
      var random = Numbers(seed: 31)
      let mixing = random.gaussians(64 * 8)
      let input = (0..<600).flatMap { _ in
        let few = random.gaussians(8)
        return (0..<64).map { row in few.indices.reduce(Float(0)) { $0 + few[$1] * mixing[row * 8 + $1] } }
      }
      var output = Array(repeating: Float(0), count: input.count)
      var span = output.mutableSpan
      var sample: ExecutionSample? = ExecutionSample()
      try executor.execute(dispatch, layer: LayerID(0), input: input.span, output: &span, sample: &sample)
      #expect(executor.calibration.tokens(layer: LayerID(0), expert: ExpertID(0)).count == 450)
      errors[quantizer] = try await executor.stage(
        Replica(expert: ExpertID(0), device: DeviceID(0), precision: .int4), layer: LayerID(0)
      ).relativeError
    }
    #expect(try #require(errors[.weighted]) < 0.7 * #require(errors[.plain]))
  }

  @Test func theWeightedQuantizerRefusesWeightsThatAreNotFinite() async throws {
    let source = try TestExpert(hidden: 64, inner: 32, spoiled: .nan)
    let shape = try source.dimensions.modelShape(
      layers: 1, expertsPerLayer: 1, expertsPerToken: 1, fullPrecision: .float32)
    let executor = try CPUExecutor(
      source: source, shape: shape, dimensions: source.dimensions,
      configuration: CPUExecutorConfiguration(
        devices: 1, memoryBytesPerDevice: shape.fullBytes * 4, quantizer: .weighted))
    for _ in 0..<4 {
      executor.calibration.offer(
        Array(repeating: Float(1), count: 64).span, gate: 1, layer: LayerID(0), expert: ExpertID(0))
    }
    await #expect(throws: StagingError.self) {
      try await executor.stage(
        Replica(expert: ExpertID(0), device: DeviceID(0), precision: .int4), layer: LayerID(0))
    }
    #expect(executor.memory[0].replicaBytes == 0)
  }

  @Test func shadowsOneLowPrecisionToken() async throws {
    let source = try TestExpert(hidden: 64, inner: 32)
    let executor = try single(source)
    for (precision, shadows) in [(Precision.int8, 1), (.float32, 0)] {
      let staged = try await executor.stage(
        Replica(expert: ExpertID(0), device: DeviceID(0), precision: precision), layer: LayerID(0))
      let dispatch = try dispatch(staged, on: executor, tokens: 5)
      var random = Numbers(seed: 12)
      let input = random.gaussians(5 * 64)
      var output = Array(repeating: Float(0), count: input.count)
      var span = output.mutableSpan
      var sample: ExecutionSample? = ExecutionSample()
      try executor.execute(dispatch, layer: LayerID(0), input: input.span, output: &span, sample: &sample)
      let filled = try #require(sample)
      #expect(filled.shadows.count == shadows)
      #expect(filled.shadows.allSatisfy { $0.expert == ExpertID(0) && $0.relativeError > 0 && $0.relativeError < 0.1 })
      let first = output[0..<64].reduce(Float(0)) { $0 + $1 * $1 }.squareRoot()
      #expect(abs(filled.norms[0] - first) < 1e-4 * first)
    }
  }

  @Test(arguments: Precision.allCases) func reportsRowsThatAreNotFinite(precision: Precision) async throws {
    let executor = try single(try TestExpert(hidden: 64, inner: 32))
    let staged = try await executor.stage(
      Replica(expert: ExpertID(0), device: DeviceID(0), precision: precision), layer: LayerID(0))
    let dispatch = try dispatch(staged, on: executor, tokens: 5)
    func outputs(_ input: [Float]) throws -> [Float] {
      var output = Array(repeating: Float(0), count: input.count)
      var span = output.mutableSpan
      var sample: ExecutionSample?
      try executor.execute(dispatch, layer: LayerID(0), input: input.span, output: &span, sample: &sample)
      return output
    }
    var random = Numbers(seed: 13)
    var input = random.gaussians(5 * 64)
    let clean = try outputs(input)
    #expect(executor.rowsNotFinite == 0)
    input[2 * 64 + 9] = .infinity
    let spoiled = try outputs(input)
    #expect(executor.rowsNotFinite == 1)
    for row in [0, 1, 3, 4] { #expect(spoiled[row * 64..<row * 64 + 64] == clean[row * 64..<row * 64 + 64]) }
  }

  /// Replicas at every precision are asked for at once where two and a half fit: what does not fit is refused.
  @Test func neverHoldsMoreThanItsBudget() async throws {
    let source = try TestExpert(hidden: 64, inner: 32)
    let shape = try source.dimensions.modelShape(
      layers: 1, expertsPerLayer: 8, expertsPerToken: 1, fullPrecision: .float32)
    let limit = shape.bytesPerExpert[.float32] * 5 / 2
    let executor = try CPUExecutor(
      source: source, shape: shape, dimensions: source.dimensions,
      configuration: CPUExecutorConfiguration(devices: 1, memoryBytesPerDevice: limit))
    let staged = await withTaskGroup(of: StagedReplica?.self) { group in
      for expert in 0..<8 {
        for precision in Precision.allCases {
          let replica = Replica(expert: ExpertID(expert), device: DeviceID(0), precision: precision)
          group.addTask { try? await executor.stage(replica, layer: LayerID(0)) }
        }
      }
      return await group.reduce(into: [StagedReplica]()) { all, one in if let one { all.append(one) } }
    }
    let memory = executor.memory[0]
    #expect(!staged.isEmpty && staged.count < 32)
    #expect(memory.peakReplicaBytes <= limit && memory.replicaBytes == staged.reduce(0) { $0 + $1.bytes })
    for precision in Precision.allCases {
      let bytes = staged.filter { $0.replica.precision == precision }.reduce(0) { $0 + $1.bytes }
      #expect(memory.bytesByPrecision[precision] == bytes)
    }
    for replica in staged { await executor.retire(replica) }
    #expect(executor.memory[0].replicaBytes == 0)
  }

  @Test func refusesWeightsThatAreNotFinite() async throws {
    let executor = try single(try TestExpert(hidden: 64, inner: 32, spoiled: .nan))
    for precision in executor.precisions {
      await #expect(throws: StagingError.self) {
        try await executor.stage(
          Replica(expert: ExpertID(0), device: DeviceID(0), precision: precision), layer: LayerID(0))
      }
    }
    #expect(executor.memory[0].replicaBytes == 0)
  }

  @Test func stagesNoFasterThanTold() async throws {
    let source = try TestExpert(hidden: 64, inner: 32)
    let executor = try single(source)
    executor.stagingBytesPerSecond = 1
    #expect(executor.stagingBytesPerSecond == 1)
    let replica = Replica(expert: ExpertID(0), device: DeviceID(0), precision: .float32)
    let task = Task { try await executor.stage(replica, layer: LayerID(0)) }
    // At one byte a second it cannot be done before it is cancelled.
    task.cancel()
    await #expect(throws: StagingError.cancelled) { try await task.value }
    executor.stagingBytesPerSecond = nil
    _ = try await executor.stage(replica, layer: LayerID(0))
    #expect(executor.memory[0].replicaBytes == source.dimensions.bytes(.float32))
  }

  @Test func refusesConfigurationsItCannotServe() throws {
    let source = try TestExpert(hidden: 64, inner: 32)
    let shape = try source.dimensions.modelShape(
      layers: 1, expertsPerLayer: 1, expertsPerToken: 1, fullPrecision: .float32)
    func make(_ configuration: CPUExecutorConfiguration, shape: ModelShape) throws -> CPUExecutor {
      try CPUExecutor(source: source, shape: shape, dimensions: source.dimensions, configuration: configuration)
    }
    #expect(throws: CPUExecutorError.topology(.deviceCount(0))) {
      try make(CPUExecutorConfiguration(devices: 0, memoryBytesPerDevice: 1), shape: shape)
    }
    #expect(throws: CPUExecutorError.coreLists(lists: 1, devices: 2)) {
      try make(CPUExecutorConfiguration(devices: 2, memoryBytesPerDevice: 1, coresPerDevice: [[0]]), shape: shape)
    }
    #expect(throws: CPUExecutorError.self) {
      try make(CPUExecutorConfiguration(devices: 1, memoryBytesPerDevice: 1, coresPerDevice: [[-1]]), shape: shape)
    }
    #expect(throws: CPUExecutorError.stagingBytesPerSecond(0)) {
      try make(
        CPUExecutorConfiguration(devices: 1, memoryBytesPerDevice: 1, stagingBytesPerSecond: 0), shape: shape)
    }
    let wrong = try ModelShape(
      layers: 1, expertsPerLayer: 1, expertsPerToken: 1, bytesPerExpert: PerPrecision(repeating: 5),
      fullPrecision: .float32)
    #expect(throws: CPUExecutorError.self) {
      try make(CPUExecutorConfiguration(devices: 1, memoryBytesPerDevice: 1), shape: wrong)
    }
  }

  @Test func lettingGoEndsEverything() async throws {
    let source = try TestExpert(hidden: 64, inner: 32)
    weak var gone: CPUExecutor?
    do {
      let executor = try single(source)
      gone = executor
      let staged = try await executor.stage(
        Replica(expert: ExpertID(0), device: DeviceID(0), precision: .int8), layer: LayerID(0))
      let dispatch = try dispatch(staged, on: executor, tokens: 2)
      let input = Array(repeating: Float(1), count: 2 * 64)
      var output = input
      var span = output.mutableSpan
      var sample: ExecutionSample?
      try executor.execute(dispatch, layer: LayerID(0), input: input.span, output: &span, sample: &sample)
    }
    #expect(gone == nil)
  }

  @Test func aDeviceMayHaveSeveralWorkers() async throws {
    let source = try TestExpert(hidden: 64, inner: 32)
    let shape = try source.dimensions.modelShape(
      layers: 1, expertsPerLayer: 1, expertsPerToken: 1, fullPrecision: .float32)
    let executor = try CPUExecutor(
      source: source, shape: shape, dimensions: source.dimensions,
      configuration: CPUExecutorConfiguration(
        devices: 1, memoryBytesPerDevice: shape.fullBytes, coresPerDevice: [[0, 0, 0]]))
    let staged = try await executor.stage(
      Replica(expert: ExpertID(0), device: DeviceID(0), precision: .float32), layer: LayerID(0))
    let dispatch = try dispatch(staged, on: executor, tokens: 4)
    let input = Array(repeating: Float(1), count: 4 * 64)
    var output = Array(repeating: Float(0), count: input.count)
    var span = output.mutableSpan
    var sample: ExecutionSample?
    for _ in 0..<100 {
      try executor.execute(dispatch, layer: LayerID(0), input: input.span, output: &span, sample: &sample)
    }
    #expect(output[0..<64] == output[64..<128])
  }
}
