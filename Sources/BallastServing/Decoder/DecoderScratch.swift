import BallastRuntime

/// What a decoder computes within a step and overwrites in the next; it grows to the largest batch seen.
struct DecoderScratch: Sendable {
  /// The residual stream, `[row][hidden]`.
  var stream: [Float] = []
  /// What the next product reads, `[row][hidden]`.
  var normalized: [Float] = []
  /// Queries, keys and values, `[row][head][dimension]`.
  var projected: [Float] = []
  /// What attention gathered, `[row][head][dimension]`.
  var attended: [Float] = []
  /// What the router says, `[row][expert]`.
  var routerLogits: [Float] = []
  /// What the experts gave, `[row][hidden]`.
  private var combined: [Float] = []
  /// What the output projection says, `[scored row][token]`.
  var logits: [Float] = []

  /// Makes room for a step of `rows` tokens of which `scored` are scored.
  mutating func reserve(rows: Int, scored: Int, model: MixtralConfiguration) {
    let queryWidth = model.heads * model.headWidth
    Self.grow(&stream, rows * model.hidden)
    Self.grow(&normalized, rows * model.hidden)
    Self.grow(&projected, rows * (queryWidth + 2 * model.keyValueHeads * model.headWidth))
    Self.grow(&attended, rows * queryWidth)
    Self.grow(&routerLogits, rows * model.expertsPerLayer)
    // The lane takes a buffer of exactly the batch's size.
    combined.removeLast(max(0, combined.count - rows * model.hidden))
    while combined.count < rows * model.hidden { combined.append(0) }
    Self.grow(&logits, scored * model.vocabulary)
  }

  private static func grow(_ values: inout [Float], _ count: Int) {
    if values.count < count { values = Array(repeating: 0, count: count) }
  }

  /// Starts the residual stream with the embedding of each token.
  mutating func embed(_ tokens: [Int], from embedding: WeightMatrix) {
    let width = embedding.columns
    for (row, token) in tokens.enumerated() {
      for column in 0..<width { stream[row * width + column] = embedding.values[token * width + column] }
    }
  }

  /// Leaves the normalized residual stream in `normalized`.
  mutating func normalize(rows: Int, weight: [Float], epsilon: Double) {
    RootMeanSquareNorm.normalize(stream, rows: rows, weight: weight, epsilon: epsilon, into: &normalized)
  }

  /// Leaves what the queries of one row gather in `attended`.
  mutating func attend(
    _ attention: inout Attention, row: Int, width: Int, model: MixtralConfiguration, cache: borrowing KeyValueCache,
    slot: Int, layer: Int, length: Int
  ) {
    attention.attend(
      projected, from: row * width, heads: model.heads, cache: cache, slot: slot, layer: layer, length: length,
      into: &attended, from: row * model.heads * model.headWidth)
  }

  /// Computes the experts of the first `count` values of `normalized`, chosen by the first `choices` of `routerLogits`,
  /// and adds them to the residual stream.
  mutating func serve(
    _ lane: inout Lane, _ selection: borrowing Selection, layer: LayerID, round: RoundID, count: Int, choices: Int
  ) throws(ExecutionError) {
    try Self.serve(
      &lane, selection, layer, round, normalized, stream, routerLogits, count: count, choices: choices, &combined)
    Self.add(combined, to: &stream)
  }

  private static func serve(
    _ lane: inout Lane, _ selection: borrowing Selection, _ layer: LayerID, _ round: RoundID, _ input: [Float],
    _ residual: [Float], _ logits: [Float], count: Int, choices: Int, _ combined: inout [Float]
  ) throws(ExecutionError) {
    var output = combined.mutableSpan
    try lane.serve(
      selection, layer: layer, round: round, input: input.span.extracting(0..<count),
      residual: residual.span.extracting(0..<count), logits: logits.span.extracting(0..<choices), output: &output)
  }

  private static func add(_ terms: [Float], to sums: inout [Float]) {
    let terms = terms.span
    var sums = sums.mutableSpan
    for index in terms.indices { sums[index] += terms[index] }
  }

  /// Moves `rows`, ascending, of the residual stream to its front.
  mutating func collect(_ rows: [Int], width: Int) {
    for (target, source) in rows.enumerated() where target != source {
      for column in 0..<width { stream[target * width + column] = stream[source * width + column] }
    }
  }
}
