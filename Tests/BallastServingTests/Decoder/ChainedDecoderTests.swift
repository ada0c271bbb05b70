import BallastRuntime
import Foundation
import Testing

@testable import BallastServing

/// Layers that take several rounds over their experts, against the sums written out.
@Suite struct ChainedDecoderTests {
  private static let hidden = 8
  private static let inner = 6
  private static let experts = 4
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private static func fields(_ rounds: Int?, perToken: Int) -> String {
    let rounds = rounds.map { "\"rounds_per_layer\": \($0), " } ?? ""
    return """
      {\(rounds)"model_type": "mixtral", "hidden_act": "silu", "vocab_size": 256, "hidden_size": \(hidden),
      "intermediate_size": \(inner), "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2,
      "max_position_embeddings": 8, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "num_local_experts": \(experts),
      "num_experts_per_tok": \(perToken), "tie_word_embeddings": true}
      """
  }

  /// Every tensor of a model whose layers take `rounds` rounds, with arbitrary values.
  private static func tensors(rounds: Int) -> [String: (shape: [Int], values: [Float])] {
    var tensors: [String: (shape: [Int], values: [Float])] = [:]
    func add(_ name: String, _ shape: [Int], around centre: Float = 0) {
      // The values belong to the name, so that models of different rounds share what both have.
      var random = SplitMix64(seed: name.utf8.reduce(7) { $0 &* 131 &+ UInt64($1) })
      let count = shape.reduce(1, *)
      tensors[name] = (
        shape, (0..<count).map { _ in centre + Float(Int(random.next() % 2000) - 1000) / 2000 }
      )
    }
    add("model.embed_tokens.weight", [256, hidden])
    add("model.norm.weight", [hidden], around: 1)
    for layer in 0..<2 {
      let names = LayerTensorNames(layer: layer)
      for norm in [names.inputNorm, names.expertNorm] { add(norm, [hidden], around: 1) }
      for square in [names.query, names.key, names.value, names.attentionOutput] { add(square, [hidden, hidden]) }
      add(names.router, [experts, hidden])
      for round in (0..<rounds).map({ RoundID($0) }) where rounds > 1 {
        // The first round keeps the layer's router, the last the layer's norm.
        if round != .first { add(names.router(round), [experts, hidden]) }
        if round.index < rounds - 1 { add(names.norm(round), [hidden], around: 1) }
        add(names.gateSum(round), [1], around: 1)
      }
      for expert in 0..<experts {
        for up in ["w1", "w3"] { add(names.expert(expert, up), [inner, hidden]) }
        add(names.expert(expert, "w2"), [hidden, inner])
      }
    }
    return tensors
  }

  private func checkpoint(
    rounds: Int?, perToken: Int, changing change: (inout [String: (shape: [Int], values: [Float])]) -> Void = { _ in }
  ) throws -> MixtralCheckpoint {
    var tensors = Self.tensors(rounds: rounds ?? 1)
    change(&tensors)
    var entries: [String] = []
    var bytes: [UInt8] = []
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
      let begin = bytes.count
      for value in tensor.values { withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 } }
      entries.append(
        "\"\(name)\": {\"dtype\": \"F32\", \"shape\": \(tensor.shape), \"data_offsets\": [\(begin), \(bytes.count)]}")
    }
    let header = "{" + entries.joined(separator: ", ") + "}"
    try directory.write(Self.fields(rounds, perToken: perToken), "config.json")
    try directory.write(
      withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) } + Array(header.utf8) + bytes,
      "model.safetensors")
    return try MixtralCheckpoint(directory: directory.path)
  }

  /// Logits after one step over `tokens`, and the lane's counts.
  private func logits(_ checkpoint: MixtralCheckpoint, _ tokens: [UInt8]) throws -> (values: [Float], load: LoadTotals)
  {
    let path = try ReferenceExecutor(checkpoint).path()
    var decoder = try Decoder(
      weights: DecoderWeights(checkpoint), lane: try path.makeLane(), slots: 1, contextTokens: 8)
    var batch = TokenBatch()
    batch.append(tokens.span, slot: 0, traits: TokenTraits(phase: .prefill), scored: 1)
    try decoder.step(batch)
    let logits = decoder.logits(row: 0)
    return (logits.indices.map { logits[$0] }, path.counters.totals())
  }

  @Test func oneRoundIsTheOrdinaryLayerToTheLastBit() throws {
    let tokens: [UInt8] = [3, 1, 250, 77]
    let ordinary = try logits(checkpoint(rounds: nil, perToken: 2), tokens)
    let chained = try logits(checkpoint(rounds: 1, perToken: 2), tokens)
    #expect(ordinary.values.map(\.bitPattern) == chained.values.map(\.bitPattern))
    #expect(ordinary.load == chained.load)
    #expect(Set(ordinary.values).count > 200)
  }

  @Test(arguments: [1, 2, 4]) func severalRoundsAreTheirComposition(rounds: Int) throws {
    let checkpoint = try checkpoint(rounds: rounds, perToken: 4)
    for token in [0, 65, 255] as [UInt8] {
      let served = try logits(checkpoint, [token])
      let composed = Composition(Self.tensors(rounds: rounds)).logits(token, rounds: rounds, perRound: 4 / rounds)
      let worst = zip(served.values, composed).map { abs(Double($0) - $1) }.max() ?? 1
      #expect(worst < 1e-4, "token \(token): \(worst)")
      for round in 0..<rounds {
        #expect(
          served.load.weighted(LayerID(1), RoundID(round), prefill: 1, decode: 1).reduce(0, +) == 4 / Double(rounds))
      }
    }
  }

  @Test func laterRoundsReadWhatEarlierOnesGave() throws {
    // A second round whose gates sum to nothing leaves what one round of half as many experts gives.
    let silent = try checkpoint(rounds: 2, perToken: 4) { tensors in
      for layer in 0..<2 {
        let names = LayerTensorNames(layer: layer)
        tensors[names.norm(RoundID(0))] = nil
        tensors[names.gateSum(RoundID(0))] = ([1], [1])
        tensors[names.gateSum(RoundID(1))] = ([1], [0])
      }
    }
    let alone = try logits(silent, [9, 8])
    let ordinary = try logits(checkpoint(rounds: nil, perToken: 2), [9, 8])
    #expect(alone.values == ordinary.values)
    #expect(alone.load.tokens == 2 * ordinary.load.tokens)
  }

  @Test func roundsNeedTheirRoutersInShape() throws {
    let names = LayerTensorNames(layer: 1)
    let router = names.router(RoundID(1))
    #expect(router == "model.layers.1.block_sparse_moe.rounds.1.gate.weight")
    #expect(throws: CheckpointError.missingTensor(directory: directory.path, tensor: router)) {
      try checkpoint(rounds: 2, perToken: 4) { $0[router] = nil }
    }
    let shapes = [
      (router, [Self.experts, Self.hidden]), (names.router(.first), [Self.experts, Self.hidden]),
      (names.norm(RoundID(1)), [Self.hidden]), (names.gateSum(.first), [1]),
    ]
    for (name, expected) in shapes {
      #expect(
        throws: CheckpointError.wrongShape(
          file: directory.path + "/model.safetensors", tensor: name, shape: [2], expected: expected)
      ) { try checkpoint(rounds: 2, perToken: 4) { $0[name] = ([2], [1, 1]) } }
    }
  }

  @Test func aRoundUsesWhatIsItsOwn() throws {
    let names = LayerTensorNames(layer: 1)
    let own = [Float](repeating: 0.5, count: Self.experts * Self.hidden)
    let weights = DecoderWeights(
      try checkpoint(rounds: 2, perToken: 4) {
        $0[names.gateSum(RoundID(1))] = nil
        $0[names.router(.first)] = ([Self.experts, Self.hidden], own)
      })
    let rounds = weights.layers[1].rounds
    #expect(rounds[1].gateSum == 1 && rounds[0].gateSum != 1)
    #expect(rounds[0].router.values == own && weights.layers[0].rounds[0].router.values != own)
    let tensors = Self.tensors(rounds: 2)
    #expect(
      rounds[0].norm == tensors[names.norm(.first)]?.values && rounds[1].norm == tensors[names.expertNorm]?.values)
  }
}

/// A token alone in its sequence, layer by layer in double precision: attention then gives its own value.
private struct Composition {
  private let tensors: [String: (shape: [Int], values: [Float])]

  init(_ tensors: [String: (shape: [Int], values: [Float])]) { self.tensors = tensors }

  func logits(_ token: UInt8, rounds: Int, perRound: Int) -> [Double] {
    let embedding = tensors["model.embed_tokens.weight"]?.values.map(Double.init) ?? []
    let hidden = embedding.count / 256
    var stream = Array(embedding[Int(token) * hidden..<(Int(token) + 1) * hidden])
    for layer in 0..<2 {
      let names = LayerTensorNames(layer: layer)
      let value = product(names.value, normalized(stream, names.inputNorm))
      stream = sum(stream, product(names.attentionOutput, value))
      for round in 0..<rounds { stream = pass(stream, names, RoundID(round), perRound) }
    }
    return product("model.embed_tokens.weight", normalized(stream, "model.norm.weight"))
  }

  /// x + Σ g · E(x) over the experts the round's router prefers.
  private func pass(_ stream: [Double], _ names: LayerTensorNames, _ round: RoundID, _ chosen: Int) -> [Double] {
    let input = normalized(stream, own(names.norm(round), names.expertNorm))
    let scores = product(own(names.router(round), names.router), input)
    let best = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }.prefix(chosen)
    let powers = best.map { exp(scores[$0]) }
    let gateSum = Double(tensors[names.gateSum(round)]?.values.first ?? 1)
    return zip(best, powers).reduce(stream) { stream, choice in
      let gate = product(names.expert(choice.0, "w1"), input).map { $0 / (1 + exp(-$0)) }
      let up = product(names.expert(choice.0, "w3"), input)
      let output = product(names.expert(choice.0, "w2"), zip(gate, up).map(*))
      let weight = gateSum * choice.1 / powers.reduce(0, +)
      return sum(stream, output.map { weight * $0 })
    }
  }

  private func own(_ name: String, _ shared: String) -> String { tensors[name] == nil ? shared : name }

  private func normalized(_ values: [Double], _ name: String) -> [Double] {
    let mean = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
    let factor = 1 / (mean + 1e-5).squareRoot()
    return zip(values, tensors[name]?.values ?? []).map { $0 * factor * Double($1) }
  }

  private func product(_ name: String, _ input: [Double]) -> [Double] {
    let values = tensors[name]?.values ?? []
    return (0..<values.count / input.count).map { row in
      input.indices.reduce(0) { $0 + Double(values[row * input.count + $1]) * input[$1] }
    }
  }

  private func sum(_ one: [Double], _ other: [Double]) -> [Double] { zip(one, other).map(+) }
}
