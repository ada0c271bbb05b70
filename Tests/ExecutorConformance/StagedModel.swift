import BallastRuntime

/// An executor with one layer staged, and a table of it.
struct StagedModel: Sendable {
  let executor: any ExpertExecutor
  let table: RoutingTable
  let replicas: [StagedReplica]

  /// Stages `layer` as the first layer; the other layers are not used.
  init(_ layer: LayerPlacement, on executor: any ExpertExecutor) async throws {
    var handles: [Replica: UInt32] = [:]
    var replicas: [StagedReplica] = []
    for replica in layer.replicas {
      let staged = try await executor.stage(replica, layer: LayerID(0))
      handles[replica] = staged.handle
      replicas.append(staged)
    }
    self.executor = executor
    self.replicas = replicas
    table = try Self.table(layer, on: executor) { handles[$0] }
  }

  /// Stages `replicas` as the first layer beside what `other` has of experts they lack.
  init(_ layer: LayerPlacement, on executor: any ExpertExecutor, beside other: StagedModel) async throws {
    var handles: [Replica: UInt32] = [:]
    var replicas: [StagedReplica] = []
    for replica in layer.replicas {
      let staged = try await executor.stage(replica, layer: LayerID(0))
      handles[replica] = staged.handle
      replicas.append(staged)
    }
    let lent = other.replicas.filter { layer.replicas(of: $0.replica.expert).isEmpty }
    for replica in lent { handles[replica.replica] = replica.handle }
    self.executor = executor
    self.replicas = replicas
    table = try Self.table(LayerPlacement(layer.replicas + lent.map(\.replica)), on: executor) { handles[$0] }
  }

  static func table(
    _ layer: LayerPlacement, on executor: any ExpertExecutor, handle: (Replica) -> UInt32?
  ) throws -> RoutingTable {
    try RoutingTable(
      Placement(layers: [layer]), handle: { handle($1) }, shape: executor.shape, topology: executor.topology,
      cost: .tokens)
  }

  /// A batch of `tokens` tokens, and what the executor answers.
  func outputs(tokens: Int, hidden: Int, seed: UInt64, sample: inout ExecutionSample?) throws -> [Float] {
    let dispatch = try dispatch(tokens: tokens, seed: seed)
    var random = TokenNumbers(seed: seed)
    let input = (0..<tokens * hidden).map { _ in random.nextFloat() }
    var output = Array(repeating: Float.nan, count: input.count)
    var span = output.mutableSpan
    try executor.execute(dispatch, layer: LayerID(0), input: input.span, output: &span, sample: &sample)
    return output
  }

  /// A dispatch of `tokens` tokens over all experts.
  func dispatch(tokens: Int, seed: UInt64) throws -> Dispatch {
    let shape = executor.shape
    var random = TokenNumbers(seed: seed ^ 0xfeed)
    var experts: [Int] = []
    for _ in 0..<tokens {
      let first = Int(random.next() % UInt64(shape.expertsPerLayer))
      for choice in 0..<shape.expertsPerToken { experts.append((first + choice * 3 + choice) % shape.expertsPerLayer) }
    }
    let gates = experts.indices.map { 0.25 + Float($0 % 7) / 16 }
    var selection = Selection(expertsPerLayer: shape.expertsPerLayer)
    try selection.append(
      experts: experts.span, gates: gates.span, expertsPerToken: shape.expertsPerToken,
      traits: TokenTraits(phase: .decode))
    var dispatcher = Dispatcher()
    var dispatch = Dispatch()
    dispatcher.dispatch(selection, layer: LayerID(0), table: table, into: &dispatch)
    return dispatch
  }
}

/// Seeded numbers, the same on every machine.
struct TokenNumbers {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// Evenly from −2 to 2.
  mutating func nextFloat() -> Float { Float(next() >> 40) * 0x1p-22 - 2 }
}
