import BallastRuntime
import Foundation
import Testing

@testable import BallastServing

@Suite struct AttentionTests {
  /// A model whose sizes divide by nothing convenient: 4 heads of 6, sharing 2 key and value heads.
  private func model() throws -> MixtralConfiguration {
    let directory = try TemporaryDirectory()
    return try MixtralConfiguration(
      path: try directory.write(
        """
        {"model_type": "mixtral", "hidden_act": "silu", "vocab_size": 256, "hidden_size": 24, "intermediate_size": 8,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 6,
        "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 10000, "num_local_experts": 4,
        "num_experts_per_tok": 2}
        """, "config.json"))
  }

  @Test(arguments: [1, 15, 16, 17, 40])
  func agreesWithTheDefinition(length: Int) throws {
    var cache = KeyValueCache(slots: 2, capacity: 41, model: try model())
    var attention = Attention(heads: 4, cache: cache)
    var random = SplitMix64(seed: 5)
    func row(_ count: Int) -> [Float] { (0..<count).map { _ in Float(random.fraction() * 4 - 2) } }
    // Another sequence's leftovers beyond this one's length must not be seen.
    for position in 0..<41 { cache.store(row(24), keyStart: 0, valueStart: 12, slot: 1, layer: 1, position: position) }
    let rows = (0..<length).map { _ in row(24) }
    for (position, row) in rows.enumerated() {
      cache.store(row, keyStart: 0, valueStart: 12, slot: 1, layer: 1, position: position)
    }
    let queries = row(30)
    var output = [Float](repeating: 9, count: 26)
    attention.attend(
      queries, from: 6, heads: 4, cache: cache, slot: 1, layer: 1, length: length, into: &output, from: 1)
    for head in 0..<4 {
      let scores = rows.map { row in
        (0..<6).reduce(0.0) { $0 + Double(queries[6 + head * 6 + $1] * row[head / 2 * 6 + $1]) } / 6.0.squareRoot()
      }
      let total = scores.reduce(0) { $0 + exp($1) }
      for dimension in 0..<6 {
        let expected = zip(scores, rows).reduce(0.0) {
          $0 + exp($1.0) / total * Double($1.1[12 + head / 2 * 6 + dimension])
        }
        #expect(abs(Double(output[1 + head * 6 + dimension]) - expected) < 1e-5)
      }
    }
    #expect(output[0] == 9 && output[25] == 9)
  }
}
