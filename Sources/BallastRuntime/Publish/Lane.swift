/// One serving worker's right to record, route and execute.
///
/// A lane cannot be copied, so it cannot be shared; it may move between threads. Dropping it gives its row back.
public struct Lane: ~Copyable, Sendable {
  private let path: ServingPath
  private let row: Int
  private var dispatcher = Dispatcher()
  private var dispatched = Dispatch()
  private var sample: ExecutionSample? = ExecutionSample()
  /// `[layer · rounds + round]`: batches served, for taking turns at being sampled.
  private var batches: [Int]
  private var expertTokens: [Int]
  private var recorder = TransitionRecorder()
  private var substitution: Substitution
  /// `[token]`: how far the sampled batch turned its residual stream.
  private var turns: [Double] = []

  init(path: ServingPath, row: Int) {
    self.path = path
    self.row = row
    batches = Array(repeating: 0, count: path.executor.shape.layers * path.executor.shape.roundsPerLayer)
    expertTokens = Array(repeating: 0, count: path.executor.shape.expertsPerLayer)
    substitution = Substitution(expertsPerLayer: path.executor.shape.expertsPerLayer)
  }

  deinit { path.giveBack(row: row) }

  /// The dispatch of the last batch served or dispatched.
  public var lastDispatch: Dispatch { dispatched }

  /// What the gate before this lane works by.
  public var gate: GateSetting { path.gate }

  /// Computes one round of one layer of one batch: counts its load, chooses replicas, executes.
  ///
  /// - Parameters:
  ///   - selection: What the gate chose.
  ///   - layer: The MoE layer, counted from the first.
  ///   - round: The round of a layer that takes several.
  ///   - input: `[token][hidden]`, what the experts read.
  ///   - residual: `[token][hidden]`, the stream the experts' output will be added to; nil when unknown, and then
  ///     this batch teaches nothing about importance.
  ///   - logits: `[token][expert]`, what the gate chose by; where experts that are not resident are to be substituted,
  ///     their runners-up come from here. Nil, or another length, substitutes none.
  ///   - output: `[token][hidden]`, overwritten with Σ gate · expert(input).
  /// - Throws: `ExecutionError`; the load stays counted, `output` is unspecified.
  /// - Complexity: Recording and routing never lock and allocate only beyond the largest batch seen; executing
  ///   may queue behind other lanes' batches, never behind a plan.
  public mutating func serve(
    _ selection: borrowing Selection, layer: LayerID, round: RoundID = .first, input: Span<Float>,
    residual: Span<Float>? = nil, logits: Span<Float>? = nil, output: inout MutableSpan<Float>
  ) throws(ExecutionError) {
    try check(selection.expertsPerLayer, layer, round)
    let watch = path.isApplying ? WaitWatch() : nil
    let selection = selection.span
    dispatcher.count(selection)
    path.counters.record(dispatcher.load, layer: layer, round: round, lane: row)
    var outcome: ExecutionError?
    path.table.withCurrent(reader: row) { table in
      route(selection, layer, round, table, logits: logits)
      if let watch, watch.hasWaited(longerThan: SampleCounters.delayLimit) { path.samples.addDelay(lane: row) }
      observeImbalance(layer, round, table)
      let isSampled = takeSamplingTurn(layer, round, table.samplingInterval)
      if isSampled { observeTransitions(selection, layer, round) }
      var sample = isSampled && residual != nil ? self.sample.take() ?? ExecutionSample() : nil
      do throws(ExecutionError) {
        try path.executor.execute(dispatched, layer: layer, input: input, output: &output, sample: &sample)
        if let sample { learn(sample, layer: layer, residual: residual, output: output.span) }
      } catch {
        outcome = error
      }
      if let sample { self.sample = sample }
    }
    if let outcome { throw outcome }
  }

  /// Counts the load of a batch, for engines that choose replicas themselves.
  ///
  /// - Throws: `ExecutionError` when the selection is not for this model; nothing is counted then.
  /// - Complexity: O(assignments + experts); never locks, allocates only beyond the largest batch seen.
  public mutating func record(
    _ selection: borrowing SelectionSpan, layer: LayerID, round: RoundID = .first
  ) throws(ExecutionError) {
    try check(selection.expertsPerLayer, layer, round)
    dispatcher.count(selection)
    path.counters.record(dispatcher.load, layer: layer, round: round, lane: row)
  }

  /// Counts the load of a batch and chooses its replicas, for engines that compute experts themselves.
  ///
  /// The replicas the dispatch names stay in place while `body` runs, and no longer: a plan may retire them then.
  ///
  /// - Parameters:
  ///   - selection: What the gate chose.
  ///   - layer: The MoE layer, counted from the first.
  ///   - round: The round of a layer that takes several.
  ///   - body: Reads the dispatch, which is lent and not copied, and computes by it.
  /// - Returns: What `body` returns.
  /// - Throws: `ExecutionError` when the selection is not for this model; nothing is counted then.
  /// - Complexity: As `serve`, without executing.
  @discardableResult
  public mutating func dispatch<Outcome>(
    _ selection: borrowing SelectionSpan, layer: LayerID, round: RoundID = .first,
    _ body: (borrowing Dispatch) -> Outcome
  ) throws(ExecutionError) -> Outcome {
    try record(selection, layer: layer, round: round)
    return lend(selection, layer: layer, round: round) { dispatch, _ in body(dispatch) }
  }

  /// The same for a selection that owns its memory.
  ///
  /// - Parameters:
  ///   - selection: What the gate chose.
  ///   - layer: The MoE layer, counted from the first.
  ///   - round: The round of a layer that takes several.
  ///   - body: Reads the dispatch.
  /// - Returns: What `body` returns.
  /// - Throws: `ExecutionError` when the selection is not for this model; nothing is counted then.
  @discardableResult
  public mutating func dispatch<Outcome>(
    _ selection: borrowing Selection, layer: LayerID, round: RoundID = .first,
    _ body: (borrowing Dispatch) -> Outcome
  ) throws(ExecutionError) -> Outcome {
    try dispatch(selection.span, layer: layer, round: round, body)
  }

  /// The same, for results that may find no room: the load is counted only when `body` has taken the dispatch.
  ///
  /// - Parameters:
  ///   - selection: What the gate chose.
  ///   - layer: The MoE layer.
  ///   - round: The round of a layer that takes several.
  ///   - body: Reads the dispatch and the version of the table it was made by; returns whether it took it.
  /// - Returns: What `body` returned.
  /// - Throws: `ExecutionError` when the selection is not for this model.
  package mutating func dispatchIfTaken(
    _ selection: borrowing SelectionSpan, layer: LayerID, round: RoundID = .first,
    _ body: (borrowing Dispatch, UInt64) -> Bool
  ) throws(ExecutionError) -> Bool {
    try check(selection.expertsPerLayer, layer, round)
    dispatcher.count(selection)
    let isTaken = lend(selection, layer: layer, round: round, body)
    if isTaken { path.counters.record(dispatcher.load, layer: layer, round: round, lane: row) }
    return isTaken
  }

  /// Chooses replicas for the batch that was counted last and lends the dispatch, with its table's version, to `body`.
  private mutating func lend<Outcome>(
    _ selection: borrowing SelectionSpan, layer: LayerID, round: RoundID,
    _ body: (borrowing Dispatch, UInt64) -> Outcome
  ) -> Outcome {
    path.table.withCurrent(reader: row) { table in
      route(selection, layer, round, table, logits: nil)
      observeImbalance(layer, round, table)
      if takeSamplingTurn(layer, round, table.samplingInterval) { observeTransitions(selection, layer, round) }
      // Lent from a local value: a property of the lane would be copied first.
      var lent = Dispatch()
      swap(&lent, &dispatched)
      defer { swap(&lent, &dispatched) }
      return body(lent, table.version)
    }
  }

  /// Chooses replicas, and counts who serves tokens of evicted experts.
  ///
  /// The load counted is what the gate wanted, and batches that are sampled get what it wanted: an evicted expert whose
  /// importance were never seen could not come back.
  private mutating func route(
    _ selection: borrowing SelectionSpan, _ layer: LayerID, _ round: RoundID, _ table: RoutingTable,
    logits: Span<Float>?
  ) {
    guard let evicted = table.evicted[layer.index] else {
      return dispatcher.route(selection, layer: layer, table: table, into: &dispatched)
    }
    let isWanted = table.residency == .substitute && !isSampledNext(layer, round, table.samplingInterval)
    let substituted = Self.route(
      &dispatcher, &substitution, selection, layer: layer, table: table, logits: isWanted ? logits : nil,
      isEvicted: evicted, into: &dispatched)
    var stored = 0
    for run in dispatched.runs where run.residency == .stored { stored += run.entries.count }
    path.samples.addEvicted(stored: stored, substituted: substituted, lane: row)
  }

  /// Chooses replicas for what the gate chose, or for what resident experts are to serve of it.
  ///
  /// - Returns: Choices that another expert serves.
  private static func route(
    _ dispatcher: inout Dispatcher, _ substitution: inout Substitution, _ selection: borrowing SelectionSpan,
    layer: LayerID, table: RoutingTable, logits: Span<Float>?, isEvicted: [Bool], into dispatched: inout Dispatch
  ) -> Int {
    if let logits {
      let substituted = substitution.replace(selection, logits: logits, isEvicted: isEvicted)
      if substituted > 0 {
        dispatcher.count(substitution.selection.span)
        dispatcher.route(substitution.selection.span, layer: layer, table: table, into: &dispatched)
        return substituted
      }
    }
    dispatcher.route(selection, layer: layer, table: table, into: &dispatched)
    return 0
  }

  /// The version of the table that the next dispatch would use if no other were published until then.
  ///
  /// - Complexity: Wait-free, as reading the table is in a dispatch.
  package var tableVersion: UInt64 { path.table.withCurrent(reader: row) { $0.version } }

  private func check(_ expertsPerLayer: Int, _ layer: LayerID, _ round: RoundID) throws(ExecutionError) {
    let counters = path.counters
    guard (0..<counters.layers).contains(layer.index) else {
      throw .layerOutOfRange(layer: layer, layers: counters.layers)
    }
    guard (0..<counters.roundsPerLayer).contains(round.index) else {
      throw .roundOutOfRange(round: round, rounds: counters.roundsPerLayer)
    }
    guard expertsPerLayer == counters.expertsPerLayer else {
      throw .expertCount(selection: expertsPerLayer, model: counters.expertsPerLayer)
    }
  }

  /// Where a round's batches are counted.
  private func place(_ layer: LayerID, _ round: RoundID) -> Int {
    layer.index &* path.counters.roundsPerLayer &+ round.index
  }

  private func isSampledNext(_ layer: LayerID, _ round: RoundID, _ interval: Int) -> Bool {
    interval > 0 && (batches[place(layer, round)] &+ 1) % interval == 0
  }

  private mutating func takeSamplingTurn(_ layer: LayerID, _ round: RoundID, _ interval: Int) -> Bool {
    let place = place(layer, round)
    batches[place] &+= 1
    return interval > 0 && batches[place] % interval == 0
  }

  /// Adds how unevenly the batch falls; eight times as often as a batch is sampled, since it costs next to nothing.
  private mutating func observeImbalance(_ layer: LayerID, _ round: RoundID, _ table: RoutingTable) {
    let interval = table.samplingInterval
    guard interval > 0, batches[place(layer, round)] % max(1, interval / 8) == 0 else { return }
    path.samples.addImbalance(
      dispatched.imbalance(&expertTokens, openDevices: table.openDevices), round: round, lane: row)
  }

  /// Adds where the tokens of a sampled batch came from, when anyone asks.
  private mutating func observeTransitions(
    _ selection: borrowing SelectionSpan, _ layer: LayerID, _ round: RoundID
  ) {
    guard let affinity = path.affinity else { return }
    let number = batches[place(layer, round)]
    recorder.observe(selection, layer: layer, round: round, number: number, counters: affinity, lane: row)
  }

  /// Adds what a sampled batch showed to the sums of this lane.
  private mutating func learn(
    _ sample: ExecutionSample, layer: LayerID, residual: Span<Float>?, output: Span<Float>
  ) {
    for shadow in sample.shadows {
      path.samples.addError(Double(shadow.relativeError), layer: layer, expert: shadow.expert.index, lane: row)
    }
    let tokens = dispatched.tokenCount
    guard let residual, sample.norms.count == dispatched.rows.count, tokens > 0 else { return }
    let hidden = output.count / tokens
    turns.removeAll(keepingCapacity: true)
    for token in 0..<tokens { turns.append(turn(residual, output, from: token * hidden, count: hidden)) }
    for run in dispatched.runs {
      for entry in run.entries {
        let score =
          Double(dispatched.gates[entry]) * Double(sample.norms[entry]) * turns[Int(dispatched.rows[entry])]
        path.samples.addImportance(score, layer: layer, expert: run.expert.index, lane: row)
      }
    }
  }

  /// How far the layer's output turns the residual stream: max(0, 1 − cos(h, h + y)).
  private func turn(_ residual: Span<Float>, _ output: Span<Float>, from first: Int, count: Int) -> Double {
    var before = 0.0
    var after = 0.0
    var product = 0.0
    for index in first..<first + count {
      let stream = Double(residual[index])
      let next = stream + Double(output[index])
      before += stream * stream
      after += next * next
      product += stream * next
    }
    let length = (before * after).squareRoot()
    return length > 0 ? max(0, 1 - product / length) : 0
  }
}
