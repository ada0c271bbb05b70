import BallastRuntime

/// Everything of a model but its experts, as float32, shared by all lanes.
public final class DecoderWeights: Sendable {
  /// The dense weights of one layer.
  struct Layer: Sendable {
    let inputNorm: [Float]
    /// Queries, then keys, then values: one product instead of three.
    let queryKeyValue: WeightMatrix
    let attentionOutput: WeightMatrix
    /// One for each time a token passes the layer's experts.
    let rounds: [Round]
  }

  /// What makes one round of a layer.
  struct Round: Sendable {
    let norm: [Float]
    let router: WeightMatrix
    /// What the gate weights of a token sum to; 1 unless the checkpoint says otherwise.
    let gateSum: Float
  }

  /// The model.
  public let configuration: MixtralConfiguration
  /// What each token starts the residual stream with, `[token][hidden]`.
  let embedding: WeightMatrix
  let layers: [Layer]
  let outputNorm: [Float]
  /// What turns the residual stream into logits, `[token][hidden]`.
  let output: WeightMatrix

  /// Reads the dense weights of `checkpoint` into memory.
  ///
  /// - Complexity: O(dense weights).
  public init(_ checkpoint: MixtralCheckpoint) {
    let model = checkpoint.configuration
    configuration = model
    embedding = WeightMatrix(
      rows: model.vocabulary, columns: model.hidden, values: checkpoint.floats("model.embed_tokens.weight"))
    output =
      model.tiesEmbeddings
      ? embedding
      : WeightMatrix(rows: model.vocabulary, columns: model.hidden, values: checkpoint.floats("lm_head.weight"))
    outputNorm = checkpoint.floats("model.norm.weight")
    layers = (0..<model.layers).map { Self.layer($0, of: checkpoint) }
  }

  private static func layer(_ index: Int, of checkpoint: MixtralCheckpoint) -> Layer {
    let model = checkpoint.configuration
    let names = LayerTensorNames(layer: index)
    let widths = (model.heads + 2 * model.keyValueHeads) * model.headWidth
    return Layer(
      inputNorm: checkpoint.floats(names.inputNorm),
      queryKeyValue: WeightMatrix(
        rows: widths, columns: model.hidden,
        values: checkpoint.floats(names.query) + checkpoint.floats(names.key) + checkpoint.floats(names.value)),
      attentionOutput: WeightMatrix(
        rows: model.hidden, columns: model.heads * model.headWidth,
        values: checkpoint.floats(names.attentionOutput)),
      rounds: (0..<model.roundsPerLayer).map { Self.round(RoundID($0), names, of: checkpoint) })
  }

  /// What is the round's own, and what the layer has where it has nothing of its own.
  private static func round(_ round: RoundID, _ names: LayerTensorNames, of checkpoint: MixtralCheckpoint) -> Round {
    let model = checkpoint.configuration
    return Round(
      norm: checkpoint.optionalFloats(names.norm(round)) ?? checkpoint.floats(names.expertNorm),
      router: WeightMatrix(
        rows: model.expertsPerLayer, columns: model.hidden,
        values: checkpoint.optionalFloats(names.router(round)) ?? checkpoint.floats(names.router)),
      gateSum: checkpoint.optionalFloats(names.gateSum(round))?.first ?? 1)
  }
}
