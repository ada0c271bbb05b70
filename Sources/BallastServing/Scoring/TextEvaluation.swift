public import BallastRuntime

/// Scores a text in sequences that do not overlap; the first byte of each is given, a shorter tail is dropped.
public struct TextEvaluation: Hashable, Sendable {
  /// Bytes of a sequence.
  public let sequenceBytes: Int
  /// Sequences to score, from the text's start; nil for all.
  public let sequences: Int?

  /// Whether the tokens count as load.
  public let isCounted: Bool

  /// Describes an evaluation; `sequenceBytes` counts at least as 2.
  public init(sequenceBytes: Int = 256, sequences: Int? = nil, isCounted: Bool = false) {
    self.isCounted = isCounted
    self.sequenceBytes = max(2, sequenceBytes)
    self.sequences = sequences.map { max(0, $0) }
  }

  /// Scores `text` in slot 0 of `decoder`, whose sequence is forgotten.
  ///
  /// - Parameters:
  ///   - text: Bytes, which are the tokens.
  ///   - decoder: A decoder whose sequences can have `sequenceBytes`.
  ///   - observe: Called after each layer's gate, as `Decoder.step` does, once a sequence, layer and round.
  ///   - observeLogits: Called for each position of each sequence with its logits.
  /// - Returns: The score of all bytes but the first of each sequence.
  /// - Throws: `DecoderError`.
  public func score(
    _ text: [UInt8], with decoder: inout Decoder,
    observe: (LayerID, Selection, Span<Float>) -> Void = { _, _, _ in },
    observeLogits: (Span<Float>) -> Void = { _ in }
  ) throws(DecoderError) -> PredictionScore {
    try decoder.checkBytesAreTokens()
    let whole = text.count / sequenceBytes
    var score = PredictionScore()
    var batch = TokenBatch()
    for sequence in 0..<min(whole, sequences ?? whole) {
      let bytes = text.span.extracting(sequence * sequenceBytes..<(sequence + 1) * sequenceBytes)
      decoder.clear(slot: 0)
      batch.removeAll()
      batch.append(bytes, slot: 0, traits: TokenTraits(phase: .prefill, isCounted: isCounted), scored: sequenceBytes)
      try decoder.step(batch, observe: observe)
      for position in 0..<sequenceBytes {
        let logits = decoder.logits(row: position)
        observeLogits(logits)
        if position + 1 < sequenceBytes { score.add(logits: logits, next: bytes[position + 1]) }
      }
    }
    decoder.clear(slot: 0)
    return score
  }
}
