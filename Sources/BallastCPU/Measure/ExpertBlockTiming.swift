public import BallastRuntime

/// What a whole block of experts takes on one core: dispatched, computed and combined.
public struct ExpertBlockTiming: Hashable, Sendable {
  /// Tokens in the batch.
  public let tokens: Int
  /// The precision of every expert.
  public let precision: Precision
  /// The median time of one batch.
  public let nanoseconds: Double
  /// Billions of multiplications and additions a second.
  public let gigaoperationsPerSecond: Double
  /// The median time to stage one expert, its quality measured.
  public let stagingNanoseconds: Double

  /// Times batches of evenly chosen experts with random weights.
  ///
  /// - Parameters:
  ///   - dimensions: The sizes of an expert.
  ///   - experts: Experts in the layer.
  ///   - expertsPerToken: Choices of each token.
  ///   - tokens: Token counts to time.
  ///   - precision: How the experts are stored.
  ///   - seed: Of weights, inputs and choices.
  /// - Returns: One timing for each token count.
  /// - Throws: `CPUExecutorError`, `StagingError`, `SelectionError` or `ExecutionError` when the block cannot be
  ///   built; nothing is left behind.
  public static func measure(
    dimensions: ExpertDimensions, experts: Int, expertsPerToken: Int, tokens: [Int], precision: Precision,
    seed: UInt64 = 1
  ) async throws -> [ExpertBlockTiming] {
    let shape = try dimensions.modelShape(
      layers: 1, expertsPerLayer: experts, expertsPerToken: expertsPerToken, fullPrecision: precision)
    let executor = try CPUExecutor(
      source: RandomWeights(dimensions: dimensions, seed: seed), shape: shape, dimensions: dimensions,
      configuration: CPUExecutorConfiguration(devices: 1, memoryBytesPerDevice: shape.fullBytes))
    let placement = Placement.contiguous(shape: shape, topology: executor.topology)
    var handles: [Replica: UInt32] = [:]
    var stagingTimes: [Double] = []
    for replica in placement.layers[0].replicas {
      let start = monotonicNanoseconds()
      handles[replica] = try await executor.stage(replica, layer: LayerID(0)).handle
      stagingTimes.append(Double(monotonicNanoseconds() - start))
    }
    let table = try RoutingTable(
      placement, handle: { handles[$1] }, shape: shape, topology: executor.topology, cost: .tokens)
    let staging = stagingTimes.sorted()[stagingTimes.count / 2]
    return try tokens.map { count in
      let time = try time(executor, table, tokens: count, seed: seed)
      let operations = Double(count * expertsPerToken * dimensions.operationsPerToken)
      return ExpertBlockTiming(
        tokens: count, precision: precision, nanoseconds: time, gigaoperationsPerSecond: operations / time,
        stagingNanoseconds: staging)
    }
  }

  private static func time(_ executor: CPUExecutor, _ table: RoutingTable, tokens: Int, seed: UInt64) throws -> Double {
    var random = SplitMix64(seed: seed &+ UInt64(tokens))
    let selection = try randomSelection(executor.shape, tokens: tokens, &random)
    var dispatcher = Dispatcher()
    var dispatch = Dispatch()
    dispatcher.dispatch(selection, layer: LayerID(0), table: table, into: &dispatch)
    let input = (0..<tokens * executor.dimensions.hidden).map { _ in random.nextGaussian() }
    var output = Array(repeating: Float(0), count: input.count)
    var sample: ExecutionSample?
    var times: [Double] = []
    let end = monotonicNanoseconds() + 500_000_000
    repeat {
      let start = monotonicNanoseconds()
      var span = output.mutableSpan
      try executor.execute(dispatch, layer: LayerID(0), input: input.span, output: &span, sample: &sample)
      times.append(Double(monotonicNanoseconds() - start))
    } while monotonicNanoseconds() < end || times.count < 5
    return times.sorted()[times.count / 2]
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

/// The same three random matrices for every expert.
struct RandomWeights: ExpertWeightSource {
  let precision = Precision.float32
  private let matrices: [ExpertMatrix: [Float]]

  init(dimensions: ExpertDimensions, seed: UInt64) {
    var matrices: [ExpertMatrix: [Float]] = [:]
    for (place, matrix) in ExpertMatrix.allCases.enumerated() {
      var random = SplitMix64(seed: seed &+ UInt64(place))
      let depth = matrix == .down ? dimensions.inner : dimensions.hidden
      let scale = 1 / Float(depth).squareRoot()
      matrices[matrix] = (0..<dimensions.hidden * dimensions.inner).map { _ in random.nextGaussian() * scale }
    }
    self.matrices = matrices
  }

  func withMatrix<Outcome>(
    _ matrix: ExpertMatrix, layer: LayerID, expert: ExpertID, _ body: (RawSpan) -> Outcome
  ) throws(StagingError) -> Outcome {
    guard let values = matrices[matrix] else {
      throw .badWeights(layer: layer, expert: expert, reason: "no such matrix")
    }
    // Safety: floats have no padding.
    return body(unsafe values.span.bytes)
  }
}
