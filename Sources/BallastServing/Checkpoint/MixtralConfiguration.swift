public import BallastRuntime

/// What a Mixtral checkpoint says about itself in `config.json`.
///
/// Fields that change the arithmetic are read strictly; the many others such files carry are left alone.
public struct MixtralConfiguration: Hashable, Sendable {
  /// Tokens in the vocabulary.
  public let vocabulary: Int
  /// Width of the residual stream.
  public let hidden: Int
  /// Width inside an expert.
  public let intermediate: Int
  /// Decoder layers; each has experts.
  public let layers: Int
  /// Query heads.
  public let heads: Int
  /// Key and value heads, each shared by `heads / keyValueHeads` query heads.
  public let keyValueHeads: Int
  /// Width of one head; even.
  public let headWidth: Int
  /// Positions the model was made for.
  public let contextTokens: Int
  /// What is added to the mean square before its root.
  public let normEpsilon: Double
  /// The slowest rotation's wavelength, over 2π.
  public let rotaryTheta: Double
  /// Experts in each layer.
  public let expertsPerLayer: Int
  /// Experts chosen for each token in all rounds of a layer together.
  public let expertsPerToken: Int
  /// Rounds each layer takes over its experts; 1 unless the checkpoint says otherwise.
  public let roundsPerLayer: Int
  /// Whether the output projection is the embedding.
  public let tiesEmbeddings: Bool

  /// Reads and checks a `config.json`.
  ///
  /// - Throws: `CheckpointError` naming the file, the field, its value and what is allowed.
  public init(path: String) throws(CheckpointError) {
    let file = try MappedFile(path, limit: 1 << 20)
    let text = file.withBytes(0..<file.count) { bytes in
      // Safety: a byte is valid whatever its bits; the loads are bounds-checked.
      bytes.byteOffsets.map { unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
    }
    let fields = try JSONFields(try JSONReader.read(text, file: path), file: path)
    vocabulary = try fields.integer("vocab_size", in: 1...1 << 24)
    hidden = try fields.integer("hidden_size", in: 1...1 << 20)
    intermediate = try fields.integer("intermediate_size", in: 1...1 << 20)
    layers = try fields.integer("num_hidden_layers", in: 1...65_535)
    heads = try fields.integer("num_attention_heads", in: 1...65_535)
    keyValueHeads = try fields.integer("num_key_value_heads", in: 1...heads)
    headWidth =
      fields.optional("head_dim") == nil ? hidden / heads : try fields.integer("head_dim", in: 2...1 << 14)
    contextTokens = try fields.integer("max_position_embeddings", in: 1...1 << 24)
    normEpsilon = try fields.number("rms_norm_eps", in: 0...1)
    rotaryTheta = try fields.number("rope_theta", in: 1...1e12)
    expertsPerLayer = try fields.integer("num_local_experts", in: 1...65_535)
    expertsPerToken = try fields.integer("num_experts_per_tok", in: 1...expertsPerLayer)
    roundsPerLayer =
      fields.optional("rounds_per_layer") == nil
      ? 1 : try fields.integer("rounds_per_layer", in: ModelShape.roundsAllowed)
    tiesEmbeddings = try Self.boolean("tie_word_embeddings", in: fields)
    try Self.checkArchitecture(fields)
    try checkHeads(fields)
    try checkRounds(fields)
  }

  /// Experts chosen for each token in one round.
  public var expertsPerRound: Int { expertsPerToken / roundsPerLayer }

  /// Weights of one expert.
  public var weightsPerExpert: Int { 3 * hidden * intermediate }

  /// The model as the balancer sees it.
  ///
  /// - Throws: `ModelShapeError` when `bytesPerExpert` has a value out of range.
  public func shape(
    bytesPerExpert: PerPrecision<Int>, fullPrecision: Precision
  ) throws(ModelShapeError) -> ModelShape {
    try ModelShape(
      layers: layers, expertsPerLayer: expertsPerLayer, expertsPerToken: expertsPerRound,
      bytesPerExpert: bytesPerExpert, fullPrecision: fullPrecision, roundsPerLayer: roundsPerLayer)
  }

  private static func boolean(_ name: String, in fields: JSONFields) throws(CheckpointError) -> Bool {
    switch fields.optional(name) {
    case .none: return false
    case .some(.boolean(let value)): return value
    case .some: throw .wrongType(file: fields.file, field: name, expected: "true or false")
    }
  }

  private static func checkArchitecture(_ fields: JSONFields) throws(CheckpointError) {
    for (name, supported) in [("model_type", "mixtral"), ("hidden_act", "silu")] {
      let value = try fields.string(name)
      guard value == supported else {
        throw .unsupported(file: fields.file, field: name, value: value, supported: supported)
      }
    }
    for name in ["sliding_window", "rope_scaling", "quantization_config"] {
      guard let value = fields.optional(name) else { continue }
      throw .unsupported(file: fields.file, field: name, value: value.spelling, supported: "null")
    }
  }

  private func checkRounds(_ fields: JSONFields) throws(CheckpointError) {
    guard expertsPerToken % roundsPerLayer == 0 else {
      throw .outOfRange(
        file: fields.file, field: "rounds_per_layer", value: String(roundsPerLayer),
        allowed: "a divisor of num_experts_per_tok, which is \(expertsPerToken)")
    }
  }

  private func checkHeads(_ fields: JSONFields) throws(CheckpointError) {
    guard heads % keyValueHeads == 0 else {
      throw .outOfRange(
        file: fields.file, field: "num_key_value_heads", value: String(keyValueHeads), allowed: "a divisor of \(heads)")
    }
    guard headWidth >= 2, headWidth % 2 == 0 else {
      throw .outOfRange(file: fields.file, field: "head_dim", value: String(headWidth), allowed: "even, at least 2")
    }
  }
}
