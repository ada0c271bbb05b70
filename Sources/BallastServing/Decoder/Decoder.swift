public import BallastGating
public import BallastRuntime

/// A Mixtral decoder on one lane: its sequences, its scratch, and the weights it shares with other lanes.
///
/// The dense parts are computed here in float32; the experts go through the lane. Each slot holds one sequence. Each
/// round of a layer reads the normalized stream, chooses by its own router, and adds to the stream what its experts give.
public struct Decoder: ~Copyable, Sendable {
  /// Bytes of keys and values a decoder may hold.
  public static let cacheLimitBytes = 1 << 36

  /// The dense weights.
  public let weights: DecoderWeights
  /// Sequences it can hold at once.
  public let slots: Int
  /// Tokens a sequence can have.
  public let contextTokens: Int
  /// Time spent in the lane so far: counting, routing and computing experts.
  public private(set) var expertTime = Duration.zero
  /// What the gate has done so far, all layers together.
  public var gateTotals: GateTotals { gate.totals }
  /// Choices of unsure tokens so far that no replica was exact enough for.
  public private(set) var unmetAssignments = 0
  private var lane: Lane
  private var gate: LaneGate
  private let rotary: RotaryTable
  private var cache: KeyValueCache
  private var attention: Attention
  private var scratch: DecoderScratch
  private var selection: Selection

  /// Prepares `slots` empty sequences of up to `contextTokens`.
  ///
  /// - Throws: `DecoderError.outOfRange`, `.cacheTooLarge`, `.gating`; the lane is given back.
  public init(
    weights: DecoderWeights, lane: consuming Lane, slots: Int, contextTokens: Int
  ) throws(DecoderError) {
    let model = weights.configuration
    try Self.check("slots", slots, 1...65_535)
    try Self.check("contextTokens", contextTokens, 1...model.contextTokens)
    guard let bytes = KeyValueCache.bytes(slots: slots, capacity: contextTokens, model: model),
      bytes <= Self.cacheLimitBytes
    else { throw .cacheTooLarge(slots: slots, contextTokens: contextTokens, limitBytes: Self.cacheLimitBytes) }
    do throws(GatingError) {
      gate = try LaneGate(
        setting: lane.gate, layers: model.layers * model.roundsPerLayer, expertsPerLayer: model.expertsPerLayer,
        expertsPerToken: model.expertsPerRound)
    } catch {
      throw .gating(error)
    }
    self.weights = weights
    self.lane = lane
    self.slots = slots
    self.contextTokens = contextTokens
    rotary = RotaryTable(positions: contextTokens, headWidth: model.headWidth, theta: model.rotaryTheta)
    cache = KeyValueCache(slots: slots, capacity: contextTokens, model: model)
    attention = Attention(heads: model.heads, cache: cache)
    scratch = DecoderScratch()
    selection = Selection(expertsPerLayer: model.expertsPerLayer)
  }

  /// Tokens the sequence in `slot` has.
  public func length(of slot: Int) -> Int { cache.lengths[slot] }

  /// Forgets the sequence in `slot`.
  public mutating func clear(slot: Int) { cache.lengths[slot] = 0 }

  /// Forgets what the gate has learned of earlier batches, so that what follows does not depend on them.
  ///
  /// - Throws: `DecoderError.gating`.
  public mutating func forgetGate() throws(DecoderError) {
    do throws(GatingError) { try gate.forget() } catch { throw .gating(error) }
  }

  /// Logits of one of the rows the last step was asked for, in the batch's order.
  @_lifetime(borrow self)
  public borrowing func logits(row: Int) -> Span<Float> {
    let width = weights.configuration.vocabulary
    return scratch.logits.span.extracting(row * width..<(row + 1) * width)
  }

  /// Computes all layers for the tokens of `batch` and the logits it asks for.
  ///
  /// - Parameters:
  ///   - batch: Tokens that follow what their slots have seen.
  ///   - observe: Called after each gate, round by round, with the layer, the choices and the router's logits
  ///     (`[token][expert]`).
  /// - Throws: `DecoderError`; no slot has become longer, and the logits are unspecified.
  /// - Complexity: Allocates only beyond the largest batch seen; waits only where `Lane.serve` does.
  public mutating func step(
    _ batch: borrowing TokenBatch, observe: (LayerID, Selection, Span<Float>) -> Void = { _, _, _ in }
  ) throws(DecoderError) {
    try check(batch)
    let rows = batch.tokenCount
    guard rows > 0 else { return }
    let start = ContinuousClock.now
    do throws(GatingError) { try gate.begin() } catch { throw .gating(error) }
    scratch.reserve(rows: rows, scored: batch.logitRowCount, model: weights.configuration)
    scratch.embed(batch.tokens, from: weights.embedding)
    for layer in weights.layers.indices {
      attend(layer, batch)
      for round in weights.layers[layer].rounds.indices {
        try route(layer, round, batch, observe)
        try serve(layer, round, rows: rows)
      }
    }
    score(batch)
    gate.end(after: ContinuousClock.now - start)
    for part in batch.parts { cache.lengths[part.slot] += part.rows.count }
  }

  /// Adds what attention gathers to the residual stream.
  private mutating func attend(_ layer: Int, _ batch: borrowing TokenBatch) {
    let model = weights.configuration
    let dense = weights.layers[layer]
    let rows = batch.tokenCount
    scratch.normalize(rows: rows, weight: dense.inputNorm, epsilon: model.normEpsilon)
    dense.queryKeyValue.multiply(scratch.normalized, tokens: rows, into: &scratch.projected)
    let width = dense.queryKeyValue.rows
    let queryWidth = model.heads * model.headWidth
    let keyWidth = model.keyValueHeads * model.headWidth
    for part in batch.parts {
      let length = cache.lengths[part.slot]
      for (offset, row) in part.rows.enumerated() {
        let first = row * width
        rotary.rotate(
          &scratch.projected, from: first, heads: model.heads + model.keyValueHeads, to: length + offset)
        cache.store(
          scratch.projected, keyStart: first + queryWidth, valueStart: first + queryWidth + keyWidth, slot: part.slot,
          layer: layer, position: length + offset)
      }
      for (offset, row) in part.rows.enumerated() {
        scratch.attend(
          &attention, row: row, width: width, model: model, cache: cache, slot: part.slot, layer: layer,
          length: length + offset + 1)
      }
    }
    dense.attentionOutput.multiply(scratch.attended, tokens: rows, addingTo: &scratch.stream)
  }

  /// Chooses the experts of every row.
  private mutating func route(
    _ layer: Int, _ round: Int, _ batch: borrowing TokenBatch,
    _ observe: (LayerID, Selection, Span<Float>) -> Void
  ) throws(DecoderError) {
    let own = weights.layers[layer].rounds[round]
    let experts = weights.configuration.expertsPerLayer
    let rows = batch.tokenCount
    scratch.normalize(rows: rows, weight: own.norm, epsilon: weights.configuration.normEpsilon)
    own.router.multiply(scratch.normalized, tokens: rows, into: &scratch.routerLogits)
    do throws(GatingError) {
      try Self.choose(
        scratch.routerLogits, batch, &gate, LayerID(layer * weights.configuration.roundsPerLayer + round),
        into: &selection)
    } catch {
      throw .gating(error)
    }
    if own.gateSum != 1 { selection.scaleGates(by: own.gateSum) }
    observe(LayerID(layer), selection, scratch.routerLogits.span.extracting(0..<rows * experts))
  }

  private static func choose(
    _ logits: [Float], _ batch: borrowing TokenBatch, _ gate: inout LaneGate, _ layer: LayerID,
    into selection: inout Selection
  ) throws(GatingError) {
    selection.removeAll()
    let experts = gate.expertsPerLayer
    for part in batch.parts {
      let own = logits.span.extracting(part.rows.lowerBound * experts..<part.rows.upperBound * experts)
      try gate.select(own, layer: layer, traits: part.traits, into: &selection)
    }
  }

  /// Adds what the experts give to the residual stream.
  private mutating func serve(_ layer: Int, _ round: Int, rows: Int) throws(DecoderError) {
    let start = ContinuousClock.now
    defer { expertTime += ContinuousClock.now - start }
    do throws(ExecutionError) {
      try scratch.serve(
        &lane, selection, layer: LayerID(layer), round: RoundID(round), count: rows * weights.configuration.hidden,
        choices: rows * weights.configuration.expertsPerLayer)
    } catch {
      throw .execution(error)
    }
    if gate.escalates { unmetAssignments += lane.lastDispatch.unmetAssignments }
  }

  /// Leaves the logits of the rows the batch asks for.
  private mutating func score(_ batch: borrowing TokenBatch) {
    guard batch.logitRowCount > 0 else { return }
    scratch.collect(batch.scoredRows, width: weights.configuration.hidden)
    scratch.normalize(
      rows: batch.logitRowCount, weight: weights.outputNorm, epsilon: weights.configuration.normEpsilon)
    weights.output.multiply(scratch.normalized, tokens: batch.logitRowCount, into: &scratch.logits)
  }

  private func check(_ batch: borrowing TokenBatch) throws(DecoderError) {
    for token in batch.tokens where !(0..<weights.configuration.vocabulary).contains(token) {
      throw .tokenOutOfRange(token: token, vocabulary: weights.configuration.vocabulary)
    }
    for (index, part) in batch.parts.enumerated() {
      try Self.check("slot", part.slot, 0...slots - 1)
      let length = cache.lengths[part.slot] + part.rows.count
      guard length <= contextTokens else {
        throw .contextExceeded(slot: part.slot, tokens: length, limit: contextTokens)
      }
      guard !batch.parts[..<index].contains(where: { $0.slot == part.slot }) else {
        throw .slotRepeated(slot: part.slot)
      }
    }
  }

  /// - Throws: `DecoderError.outOfRange` when bytes cannot be fed as they are.
  func checkBytesAreTokens() throws(DecoderError) {
    try Self.check("vocabulary", weights.configuration.vocabulary, 256...1 << 24)
  }

  private static func check(_ name: String, _ value: Int, _ allowed: ClosedRange<Int>) throws(DecoderError) {
    guard allowed.contains(value) else { throw .outOfRange(name: name, value: value, allowed: allowed) }
  }
}
