import BallastRuntime
import Testing

@testable import BallastServing

@Suite struct MixtralConfigurationTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private var path: String { directory.path + "/config.json" }

  private static let fields: [(String, String)] = [
    ("model_type", "\"mixtral\""), ("hidden_act", "\"silu\""), ("vocab_size", "256"), ("hidden_size", "64"),
    ("intermediate_size", "32"), ("num_hidden_layers", "2"), ("num_attention_heads", "4"),
    ("num_key_value_heads", "2"), ("max_position_embeddings", "128"), ("rms_norm_eps", "1e-5"),
    ("rope_theta", "10000.0"), ("num_local_experts", "8"), ("num_experts_per_tok", "2"),
  ]

  /// The configuration with one field replaced, or without it.
  private func read(_ name: String = "", _ value: String? = nil) throws -> MixtralConfiguration {
    var fields = Self.fields.filter { $0.0 != name }
    if let value { fields.append((name, value)) }
    let text = "{" + fields.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ",\n") + "}"
    return try MixtralConfiguration(path: try directory.write(text, "config.json"))
  }

  @Test func readsTheFieldsThatChangeTheArithmetic() throws {
    let model = try read()
    #expect(model.headWidth == 16)
    #expect(model.keyValueHeads == 2)
    #expect(model.normEpsilon == 1e-5)
    #expect(!model.tiesEmbeddings)
    #expect(model.weightsPerExpert == 3 * 64 * 32)
    #expect(try read("head_dim", "8").headWidth == 8)
    #expect(try read("tie_word_embeddings", "true").tiesEmbeddings)
    #expect(try read("anything_else", "[1, {\"a\": null}]") == model)
    #expect(try read("sliding_window", "null") == model)
  }

  @Test(arguments: fields.map(\.0))
  func everyFieldIsNeeded(name: String) throws {
    #expect(throws: CheckpointError.missing(file: path, field: name)) { try read(name) }
  }

  @Test func valuesOutOfRangeAreNamed() throws {
    #expect(throws: CheckpointError.outOfRange(file: path, field: "vocab_size", value: "0", allowed: "1 to 16777216")) {
      try read("vocab_size", "0")
    }
    #expect(
      throws: CheckpointError.outOfRange(
        file: path, field: "hidden_size", value: "123456789012345678901234567890", allowed: "1 to 1048576")
    ) { try read("hidden_size", "123456789012345678901234567890") }
    #expect(throws: CheckpointError.wrongType(file: path, field: "num_local_experts", expected: "an integer")) {
      try read("num_local_experts", "true")
    }
    #expect(throws: CheckpointError.outOfRange(file: path, field: "num_experts_per_tok", value: "9", allowed: "1 to 8"))
    {
      try read("num_experts_per_tok", "9")
    }
    #expect(
      throws: CheckpointError.outOfRange(
        file: path, field: "num_key_value_heads", value: "3", allowed: "a divisor of 4")
    ) { try read("num_key_value_heads", "3") }
    #expect(throws: CheckpointError.outOfRange(file: path, field: "head_dim", value: "7", allowed: "even, at least 2"))
    {
      try read("head_dim", "7")
    }
    #expect(throws: CheckpointError.self) { try read("rms_norm_eps", "1e999") }
  }

  @Test func otherArithmeticIsRefused() throws {
    #expect(
      throws: CheckpointError.unsupported(file: path, field: "hidden_act", value: "gelu", supported: "silu")
    ) { try read("hidden_act", "\"gelu\"") }
    #expect(
      throws: CheckpointError.unsupported(file: path, field: "sliding_window", value: "64", supported: "null")
    ) { try read("sliding_window", "64") }
  }

  @Test func roundsDivideTheExpertsOfAToken() throws {
    #expect(try read().roundsPerLayer == 1)
    let chained = try read("rounds_per_layer", "2")
    #expect(chained.roundsPerLayer == 2 && chained.expertsPerToken == 2 && chained.expertsPerRound == 1)
    let shape = try chained.shape(bytesPerExpert: PerPrecision(repeating: 1), fullPrecision: .float32)
    #expect(shape.roundsPerLayer == 2 && shape.expertsPerToken == 1)
  }

  @Test(arguments: ["0", "-1", "65", "99999999999999999999"]) func roundsHaveLimits(value: String) {
    #expect(
      throws: CheckpointError.outOfRange(file: path, field: "rounds_per_layer", value: value, allowed: "1 to 64")
    ) { try read("rounds_per_layer", value) }
  }

  @Test func nonsenseForRoundsIsNamed() {
    #expect(
      throws: CheckpointError.outOfRange(
        file: path, field: "rounds_per_layer", value: "3", allowed: "a divisor of num_experts_per_tok, which is 2")
    ) { try read("rounds_per_layer", "3") }
    for value in ["\"2\"", "2.0", "[2]", "true"] {
      #expect(throws: CheckpointError.wrongType(file: path, field: "rounds_per_layer", expected: "an integer")) {
        try read("rounds_per_layer", value)
      }
    }
  }
}
