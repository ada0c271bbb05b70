import Testing

@testable import BallastRuntime

@Suite struct BatchLoadTests {
  private func counts<ID: FixedWidthInteger & BitwiseCopyable>(
    _ ids: [ID], perToken: Int, experts: Int, mask: [Bool]
  ) throws -> (tokens: [Int], active: [Int], groups: Int) {
    var load = BatchLoad()
    // Whatever was counted before is forgotten.
    let before: [UInt8] = [0, 0]
    load.count(
      try SelectionSpan(
        experts: before.span, rows: .uniform(1), expertsPerLayer: experts, traits: .shared(TokenTraits(phase: .decode)))
    )
    load.count(
      try SelectionSpan(
        experts: ids.span, rows: .uniform(perToken), expertsPerLayer: experts,
        traits: .shared(TokenTraits(phase: .prefill)), mask: mask.span))
    var tokens = Array(repeating: 0, count: experts)
    load.forEachDemand { expert, least, count in
      #expect(least == .int4)
      tokens[expert] = count
    }
    return (tokens, (0..<load.activeCount).map { Int(load.active[$0]) }, load.groups.count)
  }

  @Test(arguments: [1, 5, 200, 528, 529, 2_000]) func agreesWithCountingOneByOne(experts: Int) throws {
    for seed in 0..<12 as Range<UInt64> {
      var random = SplitMix64(seed: seed)
      let perToken = random.pick(1...8)
      let tokens = random.pick(0...(seed % 2 == 0 ? 40 : 3_000))
      let range = seed % 3 == 0 ? 0...0 : 0...experts - 1
      let ids = (0..<tokens * perToken).map { _ in random.pick(range) }
      let mask = (0..<tokens).map { _ in seed % 4 != 1 || random.pick(0...400) > 0 }
      var expected = Array(repeating: 0, count: experts)
      for (place, id) in ids.enumerated() where mask[place / perToken] { expected[id] += 1 }
      var results = [
        try counts(ids.map { UInt16($0) }, perToken: perToken, experts: experts, mask: mask),
        try counts(ids.map { Int32($0) }, perToken: perToken, experts: experts, mask: mask),
        try counts(ids, perToken: perToken, experts: experts, mask: mask),
      ]
      if experts <= 256 {
        results.append(try counts(ids.map { UInt8($0) }, perToken: perToken, experts: experts, mask: mask))
      }
      for result in results {
        #expect(result.tokens == expected, "seed \(seed)")
        #expect(result.active == expected.indices.filter { expected[$0] > 0 }, "seed \(seed)")
        #expect(result.groups == (mask.contains(true) ? 1 : 0), "seed \(seed)")
      }
    }
  }
}
