import Foundation

/// A Mixtral-format model so small that an unoptimised build serves it in a moment; its weights are arbitrary.
struct TinyModel {
  static let layers = 2
  static let experts = 16
  static let hidden = 16
  static let inner = 16

  /// Fields of `config.json`, as JSON.
  var fields: [String: String] = [
    "model_type": "\"mixtral\"", "vocab_size": "256", "hidden_size": "\(hidden)", "intermediate_size": "\(inner)",
    "num_hidden_layers": "\(layers)", "num_attention_heads": "2", "num_key_value_heads": "2", "hidden_act": "\"silu\"",
    "max_position_embeddings": "16", "rms_norm_eps": "1e-5", "rope_theta": "10000.0", "num_local_experts": "\(experts)",
    "num_experts_per_tok": "2", "tie_word_embeddings": "true",
  ]

  /// Rounds each layer takes, of one expert each.
  var rounds = 1

  /// Writes the model and texts of two domains into a folder of `scratch`.
  func write(_ folder: String, in scratch: Scratch) throws {
    var fields = fields
    if rounds > 1 { fields["rounds_per_layer"] = "\(rounds)" }
    let text = fields.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ")
    try scratch.write("\(folder)/config.json", "{\(text)}")
    try scratch.write("\(folder)/model.safetensors", safetensors())
    try scratch.write("\(folder)/texts/low.txt", (0..<400).map { UInt8($0 * 7 % 96 + 32) })
    try scratch.write("\(folder)/texts/high.txt", (0..<400).map { UInt8($0 * 13 % 120 + 128) })
  }

  /// Bytes that repeat nowhere.
  static func text(_ count: Int, seed: UInt32) -> [UInt8] {
    var state = seed
    return (0..<count).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return UInt8(32 + (state >> 26))
    }
  }

  /// Every tensor, in the order of the file.
  private var tensors: [(name: String, shape: [Int])] {
    var all = [("model.embed_tokens.weight", [256, Self.hidden]), ("model.norm.weight", [Self.hidden])]
    for layer in 0..<Self.layers {
      let prefix = "model.layers.\(layer)."
      all += ["input_layernorm", "post_attention_layernorm"].map { ("\(prefix)\($0).weight", [Self.hidden]) }
      all += ["q", "k", "v", "o"].map { ("\(prefix)self_attn.\($0)_proj.weight", [Self.hidden, Self.hidden]) }
      all.append(("\(prefix)block_sparse_moe.gate.weight", [Self.experts, Self.hidden]))
      for round in stride(from: 1, to: rounds, by: 1) {
        all.append(("\(prefix)block_sparse_moe.rounds.\(round).gate.weight", [Self.experts, Self.hidden]))
      }
      for expert in 0..<Self.experts {
        all += [
          ("w1", [Self.inner, Self.hidden]), ("w2", [Self.hidden, Self.inner]), ("w3", [Self.inner, Self.hidden]),
        ].map {
          ("\(prefix)block_sparse_moe.experts.\(expert).\($0.0).weight", $0.1)
        }
      }
    }
    return all
  }

  private func safetensors() -> [UInt8] {
    var entries: [String] = []
    var elements: [UInt8] = []
    var state: UInt32 = 1
    for (name, shape) in tensors {
      let begin = elements.count
      for _ in 0..<shape.reduce(1, *) {
        state = state &* 1_664_525 &+ 1_013_904_223
        // The upper half of a float is a bfloat16.
        let value = shape.count == 1 ? 1 : Float(Int32(bitPattern: state) >> 16) / 65_536
        let half = UInt16(value.bitPattern >> 16)
        elements += [UInt8(half & 255), UInt8(half >> 8)]
      }
      let sizes = shape.map(String.init).joined(separator: ", ")
      entries.append(
        "\"\(name)\": {\"dtype\": \"BF16\", \"shape\": [\(sizes)], \"data_offsets\": [\(begin), \(elements.count)]}")
    }
    return Self.framed("{\(entries.joined(separator: ", "))}") + elements
  }

  /// A header with its length before it.
  static func framed(_ header: String, length: UInt64? = nil) -> [UInt8] {
    withUnsafeBytes(of: (length ?? UInt64(header.utf8.count)).littleEndian) { Array($0) } + Array(header.utf8)
  }
}
