import BallastRuntime
import Testing

@Suite struct LoadCountersTests {
  private func makeShape(layers: Int = 2, experts: Int = 5, rounds: Int = 1) throws -> ModelShape {
    try ModelShape(
      layers: layers, expertsPerLayer: experts, expertsPerToken: 3, bytesPerExpert: PerPrecision(repeating: 1),
      fullPrecision: .float32, roundsPerLayer: rounds)
  }

  private func append(
    _ rows: [[Int]], to selection: inout Selection, phase: Phase, isCounted: Bool = true
  ) throws {
    for row in rows {
      let gates = row.map { _ in Float(1) }
      try selection.append(
        experts: row.span, gates: gates.span, expertsPerToken: row.count,
        traits: TokenTraits(phase: phase, isCounted: isCounted))
    }
  }

  private func loads(_ totals: LoadTotals, _ phase: Phase, _ layer: Int) -> [UInt64] {
    (0..<totals.expertsPerLayer).map { totals[phase, LayerID(layer), ExpertID($0)] }
  }

  @Test func countsRaggedRowsByPhaseAndLayer() throws {
    let counters = LoadCounters(lanes: 2, shape: try makeShape())
    var selection = Selection(expertsPerLayer: 5)
    try append([[0, 4], [4]], to: &selection, phase: .prefill)
    try append([[1, 2, 4]], to: &selection, phase: .decode)
    counters.record(selection, layer: LayerID(1), lane: 0)
    counters.record(selection, layer: LayerID(1), lane: 1)
    let totals = counters.totals()
    #expect(loads(totals, .prefill, 1) == [2, 0, 0, 0, 4])
    #expect(loads(totals, .decode, 1) == [0, 2, 2, 0, 2])
    #expect(loads(totals, .prefill, 0) == [0, 0, 0, 0, 0])
    #expect(totals.tokens(.prefill, LayerID(1)) == 4)
    #expect(totals.tokens(.decode, LayerID(1)) == 2)
    #expect(totals.tokens == 6)
    #expect(totals.batches(.prefill, LayerID(1)) == 2)
    #expect(totals.batches(.decode, LayerID(1)) == 0)
    #expect(totals.weighted(LayerID(1), prefill: 1, decode: 0.5) == [2, 1, 1, 0, 5])
  }

  @Test func maskedTokensDoNotCount() throws {
    let counters = LoadCounters(lanes: 1, shape: try makeShape())
    var selection = Selection(expertsPerLayer: 5)
    try append([[0], [1]], to: &selection, phase: .prefill, isCounted: false)
    counters.record(selection, layer: LayerID(0), lane: 0)
    #expect(counters.totals() == LoadTotals(layers: 2, expertsPerLayer: 5))
    try append([[2]], to: &selection, phase: .decode)
    counters.record(selection, layer: LayerID(0), lane: 0)
    #expect(counters.totals().tokens == 1)
    #expect(counters.totals().batches(.decode, LayerID(0)) == 1)
    #expect(counters.totals().batches(.prefill, LayerID(0)) == 0)
  }

  @Test func recountingBySelectionGivesTheSame() throws {
    for seed in 0..<100 as Range<UInt64> {
      let instance = try SyntheticInstance(seed: seed, devices: 1...4, experts: 1...40, tokens: 1)
      let selection = try instance.selection(tokens: 50)
      let counters = LoadCounters(lanes: 1, shape: instance.shape)
      counters.record(selection, layer: LayerID(0), lane: 0)
      var expected = LoadTotals(layers: 1, expertsPerLayer: instance.shape.expertsPerLayer)
      for token in 0..<selection.tokenCount where selection.traits[token].isCounted {
        for assignment in selection.assignments(of: token) {
          let expert = ExpertID(Int(selection.experts[assignment]))
          expected[selection.traits[token].phase, LayerID(0), .first, expert] += 1
        }
      }
      for phase in Phase.allCases {
        #expect(loads(counters.totals(), phase, 0) == loads(expected, phase, 0), "seed \(seed)")
      }
    }
  }

  @Test func differencesNeverGoBelowZero() {
    var older = LoadTotals(layers: 1, expertsPerLayer: 2)
    var newer = older
    older[.decode, LayerID(0), .first, ExpertID(0)] = 5
    older[.decode, LayerID(0), .first, ExpertID(1)] = 5
    newer[.decode, LayerID(0), .first, ExpertID(0)] = 3
    newer[.decode, LayerID(0), .first, ExpertID(1)] = 9
    let difference = newer.since(older)
    #expect(loads(difference, .decode, 0) == [0, 4])
  }

  @Test func roundsAreCountedApartAndSumToTheLayer() throws {
    let counters = LoadCounters(lanes: 2, shape: try makeShape(rounds: 2))
    var first = Selection(expertsPerLayer: 5)
    try append([[0, 4], [4]], to: &first, phase: .prefill)
    var second = Selection(expertsPerLayer: 5)
    try append([[1], [4]], to: &second, phase: .prefill)
    for lane in 0..<2 {
      counters.record(first, layer: LayerID(1), lane: lane)
      counters.record(second, layer: LayerID(1), round: RoundID(1), lane: lane)
    }
    let totals = counters.totals()
    let apart = (0..<2).map { round in
      (0..<5).map { totals[.prefill, LayerID(1), RoundID(round), ExpertID($0)] }
    }
    #expect(apart == [[2, 0, 0, 0, 4], [0, 2, 0, 0, 2]])
    #expect(loads(totals, .prefill, 1) == [2, 2, 0, 0, 6])
    #expect(loads(totals, .prefill, 0) == [0, 0, 0, 0, 0])
    #expect(totals.tokens(.prefill, LayerID(1)) == 8 && totals.batches(.prefill, LayerID(1)) == 4)
  }
}
