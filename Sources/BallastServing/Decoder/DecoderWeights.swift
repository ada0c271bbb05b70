/// Everything of a model but its experts, as float32, shared by all lanes.
public final class DecoderWeights: Sendable {
  /// The dense weights of one layer.
  struct Layer: Sendable {
    let inputNorm: [Float]
    /// Queries, then keys, then values: one product instead of three.
    let queryKeyValue: WeightMatrix
    let attentionOutput: WeightMatrix
    let expertNorm: [Float]
    let router: WeightMatrix
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
      expertNorm: checkpoint.floats(names.expertNorm),
      router: WeightMatrix(
        rows: model.expertsPerLayer, columns: model.hidden, values: checkpoint.floats(names.router)))
  }
}
