import BallastRuntime
import Foundation
import Testing

@testable import BallastServing

@Suite struct DecoderTests {
  private func decoder(slots: Int = 1) throws -> Decoder {
    try Decoder(
      weights: BundledModel.weights.get(), lane: try BundledModel.executor.get().path().makeLane(), slots: slots,
      contextTokens: 256)
  }

  /// Feeds `bytes` to a slot in one part and returns the last row's logits.
  private func feed(_ bytes: [UInt8], _ decoder: inout Decoder, slot: Int = 0) throws -> [Float] {
    var batch = TokenBatch()
    batch.append(bytes.span, slot: slot, traits: TokenTraits(phase: .prefill), scored: 1)
    try decoder.step(batch)
    let logits = decoder.logits(row: 0)
    var copy: [Float] = []
    for byte in logits.indices { copy.append(logits[byte]) }
    return copy
  }

  @Test(arguments: BundledModel.domains)
  func choosesTheReferenceExperts(domain: String) throws {
    let expected = try BundledModel.array("texts/\(domain).expert_ids_first16.npy")
    var decoder = try decoder()
    let sequences = BundledModel.isOptimized ? 16 : 1
    var sequence = 0
    var differing = 0
    var nearTies = 0
    _ = try TextEvaluation(sequences: sequences).score(try BundledModel.text(domain), with: &decoder) {
      layer, selection, logits in
      for row in 0..<selection.tokenCount {
        let start = ((sequence * 256 + row) * 4 + layer.index) * 4
        let reference = Set(expected[start..<start + 4].map(Int.init))
        let chosen = Set(selection.experts[selection.assignments(of: row)].map(Int.init))
        guard reference != chosen else { continue }
        let probabilities = softmax((0..<32).map { logits[row * 32 + $0] })
        let gap =
          zip(chosen.subtracting(reference).sorted(), reference.subtracting(chosen).sorted())
          .map { abs(probabilities[$0] - probabilities[$1]) }.max() ?? 1
        if gap < 1e-5 { nearTies += 1 } else { differing += 1 }
      }
      if layer.index == 3 { sequence += 1 }
    }
    print("\(domain): \(nearTies) near-ties of \(sequence * 256 * 4) choices")
    #expect(sequence == sequences)
    #expect(differing == 0)
  }

  private func softmax(_ logits: [Float]) -> [Double] {
    let highest = Double(logits.max() ?? 0)
    let powers = logits.map { exp(Double($0) - highest) }
    return powers.map { $0 / powers.reduce(0, +) }
  }

  @Test func matchesTheReferenceLogits() throws {
    let expected = try BundledModel.array("reference_logits_python0.npy").withUnsafeBytes {
      Array($0.bindMemory(to: Float.self))
    }
    var decoder = try decoder()
    var worst: Float = 0
    var index = 0
    _ = try TextEvaluation(sequences: 1).score(
      try BundledModel.text("python"), with: &decoder,
      observeLogits: { logits in
        for byte in logits.indices {
          worst = max(worst, abs(logits[byte] - expected[index]))
          index += 1
        }
      })
    print("largest difference of a logit: \(worst)")
    #expect(index == 65_536)
    #expect(worst < 2e-4)
  }

  @Test func continuesGreedilyAsTheReferenceDoes() throws {
    struct Greedy: Decodable {
      let prompt: String
      let bytes: [UInt8]
    }
    let greedy = try JSONDecoder().decode(
      Greedy.self, from: try Data(contentsOf: URL(fileURLWithPath: BundledModel.directory + "/reference_greedy.json")))
    var decoder = try decoder()
    var bytes = Array(greedy.prompt.utf8)
    var next = bytes
    while bytes.count < greedy.bytes.count {
      let logits = try feed(next, &decoder)
      let best = logits.indices.max { (logits[$0], -$0) < (logits[$1], -$1) } ?? 0
      next = [UInt8(best)]
      bytes += next
    }
    #expect(bytes == greedy.bytes)
  }

  @Test func aSequenceDoesNotDependOnHowItIsCutOrOnItsNeighbours() throws {
    let text = Array(try BundledModel.text("swift").prefix(40))
    let other = Array(try BundledModel.text("french").prefix(40))
    var alone = try decoder()
    let expected = try feed(text, &alone)

    var decoder = try decoder(slots: 3)
    _ = try feed(Array(other.prefix(25)), &decoder, slot: 1)
    _ = try feed(Array(text.prefix(7)), &decoder, slot: 2)
    var batch = TokenBatch()
    let next = [other[25]]
    let rest = Array(text.dropFirst(7))
    batch.append(next.span, slot: 1, traits: TokenTraits(phase: .decode), scored: 1)
    batch.append(rest.span, slot: 2, traits: TokenTraits(phase: .prefill), scored: 1)
    try decoder.step(batch)
    let logits = decoder.logits(row: 1)
    var worst: Float = 0
    for byte in logits.indices { worst = max(worst, abs(expected[byte] - logits[byte])) }
    #expect(worst < 1e-4)
    #expect(decoder.length(of: 2) == 40)
  }

  @Test func aClearedSlotIsAsNew() throws {
    let text = Array(try BundledModel.text("math").prefix(20))
    var decoder = try decoder()
    let first = try feed(text, &decoder)
    decoder.clear(slot: 0)
    #expect(try feed(text, &decoder) == first)
  }

  @Test func badBatchesAreRefusedAndChangeNothing() throws {
    var decoder = try decoder(slots: 2)
    func step(_ fill: (inout TokenBatch) -> Void) throws {
      var batch = TokenBatch()
      fill(&batch)
      try decoder.step(batch)
    }
    let traits = TokenTraits(phase: .prefill)
    #expect(throws: DecoderError.tokenOutOfRange(token: 256, vocabulary: 256)) {
      try step { $0.append([256].span, slot: 0, traits: traits, scored: 0) }
    }
    #expect(throws: DecoderError.tokenOutOfRange(token: -1, vocabulary: 256)) {
      try step { $0.append([-1].span, slot: 0, traits: traits, scored: 0) }
    }
    #expect(throws: DecoderError.outOfRange(name: "slot", value: 2, allowed: 0...1)) {
      try step { $0.append([1].span, slot: 2, traits: traits, scored: 0) }
    }
    #expect(throws: DecoderError.contextExceeded(slot: 1, tokens: 257, limit: 256)) {
      try step { $0.append([Int](repeating: 1, count: 257).span, slot: 1, traits: traits, scored: 0) }
    }
    #expect(throws: DecoderError.slotRepeated(slot: 1)) {
      try step {
        $0.append([1].span, slot: 1, traits: traits, scored: 0)
        $0.append([2].span, slot: 1, traits: traits, scored: 0)
      }
    }
    #expect(decoder.length(of: 0) == 0 && decoder.length(of: 1) == 0)
  }

  @Test func impossibleSizesAreRefused() throws {
    let weights = try BundledModel.weights.get()
    let path = try BundledModel.executor.get().path()
    #expect(throws: DecoderError.outOfRange(name: "slots", value: 0, allowed: 1...65_535)) {
      _ = try Decoder(weights: weights, lane: try path.makeLane(), slots: 0, contextTokens: 256)
    }
    #expect(throws: DecoderError.outOfRange(name: "contextTokens", value: 257, allowed: 1...256)) {
      _ = try Decoder(weights: weights, lane: try path.makeLane(), slots: 1, contextTokens: 257)
    }
    let limit = Decoder.cacheLimitBytes
    #expect(throws: DecoderError.cacheTooLarge(slots: 65_535, contextTokens: 256, limitBytes: limit)) {
      _ = try Decoder(weights: weights, lane: try path.makeLane(), slots: 65_535, contextTokens: 256)
    }
  }
}
