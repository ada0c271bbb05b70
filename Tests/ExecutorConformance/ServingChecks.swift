import BallastRuntime

extension ConformanceSuite {
  func refusesUnknownHandles() async throws {
    let executor = try make(2, plenty)
    let layer = contiguous(on: executor)
    let strange = try StagedModel.table(layer, on: executor) { _ in 0xdead_beef }
    try refusesHandle(0xdead_beef, table: strange, executor)
    let staged = try await StagedModel(layer, on: executor)
    for replica in staged.replicas { await executor.retire(replica) }
    let first = try staged.dispatch(tokens: 5, seed: 1).runs[0].handle
    try refusesHandle(first, table: staged.table, executor)
  }

  func refusesWrongBuffers() async throws {
    let executor = try make(2, plenty)
    let model = try await StagedModel(contiguous(on: executor), on: executor)
    let dispatch = try model.dispatch(tokens: 3, seed: 2)
    let right = 3 * hidden
    for (input, output) in [(right - 1, right), (right, right + hidden), (0, right), (right, 0)] {
      let error = executionError(executor, dispatch, input: input, output: output)
      guard case .wrongLength(_, _, let expected) = error else {
        throw ConformanceFailure(description: "buffers of \(input) and \(output): \(String(describing: error))")
      }
      try require(expected == right, "\(expected) values expected for 3 tokens of \(hidden)")
    }
    let layer = LayerID(shape.layers)
    let error = executionError(executor, dispatch, layer: layer, input: right, output: right)
    try require(
      error == .layerOutOfRange(layer: layer, layers: shape.layers), "layer \(layer): \(String(describing: error))")
  }

  func servesEmptyBatches() async throws {
    let executor = try make(2, plenty)
    let model = try await StagedModel(contiguous(on: executor), on: executor)
    var sample: ExecutionSample? = ExecutionSample()
    let output = try model.outputs(tokens: 0, hidden: hidden, seed: 3, sample: &sample)
    try require(output.isEmpty, "no tokens gave \(output.count) values")
    let error = executionError(executor, Dispatch(), input: 0, output: 0)
    try require(error == nil, "an empty dispatch was refused: \(String(describing: error))")
  }

  func servesRaggedBatches() async throws {
    let executor = try make(2, plenty)
    let model = try await StagedModel(contiguous(on: executor), on: executor)
    let experts = shape.expertsPerLayer
    let rows = (0...2 * experts).map { token in (0..<token % (experts + 1)).map { (token + $0) % experts } }
    var random = TokenNumbers(seed: 6)
    let input = (0..<rows.count * hidden).map { _ in random.nextFloat() }
    let output = try outputs(rows, input, model)
    for (token, row) in rows.enumerated() {
      let columns = token * hidden..<(token + 1) * hidden
      let alone = try outputs([row], Array(input[columns]), model)
      try require(Array(output[columns]) == alone, "token \(token) of \(row.count) experts is answered otherwise alone")
      let isAnswered = alone.contains { $0 != 0 }
      try require(isAnswered == (computes && !row.isEmpty), "\(row.count) experts answered \(alone.prefix(4))…")
    }
  }

  /// What the executor answers to tokens of these experts, with gate weights that differ.
  private func outputs(_ rows: [[Int]], _ input: [Float], _ model: StagedModel) throws -> [Float] {
    let experts = rows.flatMap { $0.map { UInt16($0) } }
    let gates = rows.flatMap { row in row.indices.map { 1 / Float(row.count + $0 + 1) } }
    let starts = rows.reduce(into: [Int32(0)]) { $0.append($0[$0.count - 1] + Int32($1.count)) }
    let selection = try SelectionSpan(
      experts: experts.span, gates: gates.span, rows: .ragged(starts: starts.span),
      expertsPerLayer: shape.expertsPerLayer, traits: .shared(TokenTraits(phase: .decode)))
    var dispatcher = Dispatcher()
    var dispatch = Dispatch()
    dispatcher.count(selection)
    dispatcher.route(selection, layer: LayerID(0), table: model.table, into: &dispatch)
    try require(dispatch.rows.count == experts.count, "\(dispatch.rows.count) entries for \(experts.count) choices")
    var output = Array(repeating: Float.nan, count: input.count)
    var span = output.mutableSpan
    var none: ExecutionSample?
    try model.executor.execute(dispatch, layer: LayerID(0), input: input.span, output: &span, sample: &none)
    return output
  }

  func servesWhileStaging() async throws {
    let executor = try make(2, plenty * 2)
    let model = try await StagedModel(contiguous(on: executor), on: executor)
    let hidden = hidden
    let computes = computes
    var none: ExecutionSample?
    let expected = try (0..<4).map { try model.outputs(tokens: 9, hidden: hidden, seed: UInt64($0), sample: &none) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for lane in 0..<4 {
        group.addTask {
          var none: ExecutionSample?
          for turn in 0..<50 {
            let seed = (lane + turn) % 4
            let output = try model.outputs(tokens: 9, hidden: hidden, seed: UInt64(seed), sample: &none)
            try require(!computes || output == expected[seed], "lane \(lane), turn \(turn): another answer")
          }
        }
      }
      for turn in 0..<20 {
        let staged = try await executor.stage(replica(turn % shape.expertsPerLayer), layer: LayerID(1))
        await executor.retire(staged)
      }
      try await group.waitForAll()
    }
  }

  func answersAlikeWhereverPlaced() async throws {
    let experts = 0..<shape.expertsPerLayer
    let placements: [[Replica]] = [
      experts.map { replica($0) }, experts.map { replica($0, on: 2) }, experts.map { replica($0, on: $0 % 3) },
      experts.flatMap { [replica($0, on: $0 % 3), replica($0, on: ($0 + 1) % 3)] },
      experts.flatMap { expert in (0..<3).map { replica(expert, on: $0) } },
    ]
    for tokens in [1, 7, 40] {
      var first: [Float]?
      for replicas in placements {
        let executor = try make(3, plenty)
        let model = try await StagedModel(LayerPlacement(replicas), on: executor)
        var none: ExecutionSample?
        let output = try model.outputs(tokens: tokens, hidden: hidden, seed: 4, sample: &none)
        try require(output.allSatisfy(\.isFinite), "an output of finite numbers is not finite")
        try require(output.contains { $0 != 0 }, "every output is 0")
        try require(first.map { $0 == output } ?? true, "\(tokens) tokens: \(replicas.count) replicas answer otherwise")
        first = output
      }
    }
  }

  func servesStoredReplicas() async throws {
    let executor = try make(2, plenty)
    guard executor.storesExperts else {
      try require(
        (try? await executor.stage(storedReplica(0), layer: LayerID(0))) == nil, "a stored replica was staged")
      return
    }
    let resident = try await StagedModel(contiguous(on: executor), on: executor)
    let before = executor.memory.map(\.replicaBytes)
    let stored = stride(from: 0, to: shape.expertsPerLayer, by: 2).map { storedReplica($0, on: 1) }
    let mixed = try await StagedModel(LayerPlacement(stored), on: executor, beside: resident)
    try require(mixed.replicas.allSatisfy { $0.bytes == 0 && $0.relativeError == 0 }, "a stored replica takes bytes")
    try require(executor.memory.map(\.replicaBytes) == before, "stored replicas took \(executor.memory)")
    for tokens in [1, 7, 40] {
      var none: ExecutionSample?
      let expected = try resident.outputs(tokens: tokens, hidden: hidden, seed: 6, sample: &none)
      let output = try mixed.outputs(tokens: tokens, hidden: hidden, seed: 6, sample: &none)
      try require(output == expected, "\(tokens) tokens: stored replicas answer otherwise")
    }
    let dispatch = try mixed.dispatch(tokens: 7, seed: 6)
    for replica in mixed.replicas { await executor.retire(replica) }
    let error = executionError(executor, dispatch, input: 7 * hidden, output: 7 * hidden)
    guard case .unknownReplica = error else {
      throw ConformanceFailure(description: "a retired stored replica: \(String(describing: error))")
    }
  }

  func fillsNorms() async throws {
    let executor = try make(2, plenty)
    let model = try await StagedModel(contiguous(on: executor), on: executor)
    var sample: ExecutionSample? = ExecutionSample()
    _ = try model.outputs(tokens: 6, hidden: hidden, seed: 5, sample: &sample)
    let norms = sample?.norms ?? []
    try require(norms.count == 6 * shape.expertsPerToken, "\(norms.count) norms for 6 tokens")
    try require(norms.allSatisfy { $0.isFinite && $0 > 0 }, "a norm is not a positive number: \(norms)")
  }

  /// One copy of each expert, spread over the devices.
  private func contiguous(on executor: any ExpertExecutor) -> LayerPlacement {
    Placement.contiguous(shape: shape, topology: executor.topology).layers[0]
  }

  private func refusesHandle(_ handle: UInt32, table: RoutingTable, _ executor: any ExpertExecutor) throws {
    let model = StagedModel(executor: executor, table: table)
    let error = executionError(
      executor, try model.dispatch(tokens: 5, seed: 1), input: 5 * hidden, output: 5 * hidden)
    try require(error == .unknownReplica(handle: handle), "handle \(handle): \(String(describing: error))")
  }

  private func executionError(
    _ executor: any ExpertExecutor, _ dispatch: Dispatch, layer: LayerID = LayerID(0), input: Int, output: Int
  ) -> ExecutionError? {
    let values = Array(repeating: Float(1), count: input)
    var answers = Array(repeating: Float(0), count: output)
    var span = answers.mutableSpan
    var none: ExecutionSample?
    do {
      try executor.execute(dispatch, layer: layer, input: values.span, output: &span, sample: &none)
      return nil
    } catch {
      return error
    }
  }
}

extension StagedModel {
  /// A table over replicas staged elsewhere, or nowhere.
  init(executor: any ExpertExecutor, table: RoutingTable) {
    self.executor = executor
    self.table = table
    replicas = []
  }
}
