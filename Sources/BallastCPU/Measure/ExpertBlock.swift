import BallastRuntime
import CBallastKernels

/// A layer of experts with random weights, staged one copy each, ready to be timed.
struct ExpertBlock: Sendable {
  let cores: [Int]
  private let executor: CPUExecutor
  private let table: RoutingTable
  private let limits: CoreLimits
  private let precision: Precision
  private let seed: UInt64
  private let relativeError: Double
  private let stagingNanoseconds: Double
  private let packingNanoseconds: Double

  /// Stages the layer, experts spread over the devices.
  init(
    dimensions: ExpertDimensions, experts: Int, expertsPerToken: Int, precision: Precision, devices: Int, seed: UInt64
  ) async throws {
    let shape = try dimensions.modelShape(
      layers: 1, expertsPerLayer: experts, expertsPerToken: expertsPerToken, fullPrecision: .float32)
    let source = RandomWeights(dimensions: dimensions, seed: seed)
    let limit = (experts + devices - 1) / devices * dimensions.bytes(precision)
    executor = try CPUExecutor(
      source: source, shape: shape, dimensions: dimensions,
      configuration: CPUExecutorConfiguration(devices: devices, memoryBytesPerDevice: limit))
    var times: [Double] = []
    var staged: [Replica: StagedReplica] = [:]
    for expert in 0..<experts {
      let replica = Replica(expert: ExpertID(expert), device: DeviceID(expert % devices), precision: precision)
      let start = monotonicNanoseconds()
      staged[replica] = try await executor.stage(replica, layer: LayerID(0))
      times.append(Double(monotonicNanoseconds() - start))
    }
    let handles = staged.mapValues(\.handle)
    table = try RoutingTable(
      Placement(layers: [LayerPlacement(Array(staged.keys))]), handle: { handles[$1] }, shape: shape,
      topology: executor.topology, cost: .tokens)
    self.precision = precision
    self.seed = seed
    relativeError = staged.values.map(\.relativeError).max() ?? 0
    stagingNanoseconds = times.sorted()[times.count / 2]
    packingNanoseconds = try Self.packingNanoseconds(source, dimensions, precision)
    let available = WorkerThread.availableCores
    cores = (0..<devices).map { available[$0 % available.count] }
    limits = CoreLimits(cores: Array(Set(cores)).sorted())
  }

  /// Times batches of `tokens` tokens.
  func time(tokens: Int, seconds: Double) throws -> ExpertBlockTiming {
    var random = SplitMix64(seed: seed &+ UInt64(tokens))
    let selection = try Self.randomSelection(executor.shape, tokens: tokens, &random)
    var dispatcher = Dispatcher()
    var dispatch = Dispatch()
    dispatcher.dispatch(selection, layer: LayerID(0), table: table, into: &dispatch)
    let input = (0..<tokens * executor.dimensions.hidden).map { _ in random.nextGaussian() }
    let before = try limits.readBytesPerSecond()
    let times = try times(of: dispatch, input: input, seconds: seconds)
    let readBytesPerSecond = max(before, try limits.readBytesPerSecond())
    return ExpertBlockTiming(
      tokens: tokens, precision: precision.description, devices: cores.count, nanoseconds: times[times.count / 2],
      spreadNanoseconds: (times[times.count * 3 / 4] - times[times.count / 4]) / 2,
      operations: Double(dispatch.rows.count * executor.dimensions.operationsPerToken),
      bytes: Double(dispatch.runs.count * executor.dimensions.bytes(precision)),
      readBytesPerSecond: readBytesPerSecond, peakOperationsPerSecond: try limits.operationsPerSecond(precision),
      relativeError: relativeError, packingNanoseconds: packingNanoseconds, stagingNanoseconds: stagingNanoseconds)
  }

  /// Ascending.
  private func times(of dispatch: borrowing Dispatch, input: [Float], seconds: Double) throws -> [Double] {
    var output = Array(repeating: Float(0), count: input.count)
    var sample: ExecutionSample?
    var times: [Double] = []
    let end = monotonicNanoseconds() + UInt64(seconds * 1e9)
    repeat {
      let start = monotonicNanoseconds()
      var span = output.mutableSpan
      try executor.execute(dispatch, layer: LayerID(0), input: input.span, output: &span, sample: &sample)
      times.append(Double(monotonicNanoseconds() - start))
    } while monotonicNanoseconds() < end || times.count < 5
    return times.sorted()
  }

  /// The least of some times to pack an expert where one was before, on the thread it is called on.
  private static func packingNanoseconds(
    _ source: RandomWeights, _ dimensions: ExpertDimensions, _ precision: Precision
  ) throws -> Double {
    let arena = try DeviceArena(device: DeviceID(0), limitBytes: dimensions.bytes(precision))
    let reader = ExpertReader(source: source, dimensions: dimensions)
    // Safety: the block has the bytes of both matrices.
    let block = try unsafe arena.allocate(bytes: dimensions.bytes(precision), precision: precision)
    defer { unsafe arena.free(block, bytes: dimensions.bytes(precision), precision: precision) }
    let code = precision.code
    var least = Double.infinity
    for _ in 0..<8 {
      let start = monotonicNanoseconds()
      try reader.withMatrices(layer: LayerID(0), expert: ExpertID(0)) { matrices throws(StagingError) in
        unsafe withUnsafePointer(to: matrices.gate) { gate in
          unsafe withUnsafePointer(to: matrices.up) { up in
            _ = unsafe Kernels.current.pack(
              code, gate, up, dimensions.inner, dimensions.hidden, 0, ballast_gate_up_strips(dimensions.inner), block)
          }
        }
        unsafe withUnsafePointer(to: matrices.down) { down in
          _ = unsafe Kernels.current.pack(
            code, down, nil, dimensions.hidden, dimensions.inner, 0, ballast_down_strips(dimensions.hidden),
            block + dimensions.gateUpBytes(precision))
        }
      }
      least = min(least, Double(monotonicNanoseconds() - start))
    }
    return least
  }

  /// Distinct experts for each token, all equally likely.
  private static func randomSelection(
    _ shape: ModelShape, tokens: Int, _ random: inout SplitMix64
  ) throws -> Selection {
    var experts: [Int] = []
    for _ in 0..<tokens {
      experts += (0..<shape.expertsPerLayer).shuffled(using: &random).prefix(shape.expertsPerToken)
    }
    let gates = Array(repeating: 1 / Float(shape.expertsPerToken), count: experts.count)
    var selection = Selection(expertsPerLayer: shape.expertsPerLayer)
    try selection.append(
      experts: experts.span, gates: gates.span, expertsPerToken: shape.expertsPerToken,
      traits: TokenTraits(phase: .decode))
    return selection
  }
}
