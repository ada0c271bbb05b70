import BallastGating
import BallastRuntime
import Testing

@Suite struct TopKTests {
  private let decode = TokenTraits(phase: .decode)

  private func select(_ logits: [Float], experts: Int, perToken: Int) throws -> Selection {
    var gate = try TopK(expertsPerLayer: experts, expertsPerToken: perToken)
    var selection = Selection(expertsPerLayer: experts)
    try gate.select(logits.span, traits: decode, into: &selection)
    return selection
  }

  @Test func gatesAreTheSoftmaxOfTheChosenScaledToOne() throws {
    let selection = try select([0, 2, 1, -1], experts: 4, perToken: 2)
    #expect(selection.experts == [1, 2])
    // softmax gives e² and e¹ over one denominator; scaled, 1 / (1 + e⁻¹).
    #expect(abs(selection.gates[0] - 0.731_058_6) < 1e-6)
    #expect(abs(selection.gates[0] + selection.gates[1] - 1) < 1e-6)
    #expect(selection.traits == [decode])
  }

  @Test func tiesGoToTheLowerExpert() throws {
    #expect(try select([1, 3, 3, 3, 1], experts: 5, perToken: 2).experts == [1, 2])
    #expect(try select([5, 5, 5, 5], experts: 4, perToken: 4).experts == [0, 1, 2, 3])
    #expect(try select([1, 1, 2, 1], experts: 4, perToken: 3).experts == [2, 0, 1])
  }

  @Test func extremeLogitsStayFinite() throws {
    let largest = Float.greatestFiniteMagnitude
    let selection = try select([-largest, largest, 0], experts: 3, perToken: 3)
    #expect(selection.experts == [1, 2, 0])
    #expect(selection.gates == [1, 0, 0])
  }

  @Test(arguments: [(32, 4), (256, 8), (7, 7), (1, 1)])
  func agreesWithSortingTheWholeRow(experts: Int, perToken: Int) throws {
    var random = SeededRandom(seed: 7)
    // Few distinct values, so that ties occur.
    let logits = (0..<experts * 50).map { _ in Float(random.next() % 64) / 8 }
    let selection = try select(logits, experts: experts, perToken: perToken)
    for token in 0..<50 {
      let row = Array(logits[token * experts..<(token + 1) * experts])
      let expected = row.indices.sorted { (-row[$0], $0) < (-row[$1], $1) }.prefix(perToken)
      #expect(selection.experts[selection.assignments(of: token)].map(Int.init) == Array(expected))
    }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func aLogitThatIsNotFiniteIsNamedAndNothingIsAppended(bad: Float) throws {
    var gate = try TopK(expertsPerLayer: 2, expertsPerToken: 1)
    var selection = Selection(expertsPerLayer: 2)
    let logits: [Float] = [0, 1, 2, bad]
    #expect(throws: GatingError.logitNotFinite(token: 1, expert: 1)) {
      try gate.select(logits.span, traits: decode, into: &selection)
    }
    #expect(selection.tokenCount == 0)
  }

  @Test func shapesAreChecked() throws {
    #expect(throws: GatingError.expertsPerLayer(0, allowed: 1...65_535)) {
      try TopK(expertsPerLayer: 0, expertsPerToken: 1)
    }
    #expect(throws: GatingError.expertsPerToken(5, allowed: 1...4)) {
      try TopK(expertsPerLayer: 4, expertsPerToken: 5)
    }
    #expect(throws: GatingError.unevenRows(logits: 3, expertsPerLayer: 2)) {
      try select([1, 2, 3], experts: 2, perToken: 1)
    }
    var gate = try TopK(expertsPerLayer: 2, expertsPerToken: 1)
    var other = Selection(expertsPerLayer: 3)
    #expect(throws: GatingError.expertCount(selection: 3, gate: 2)) {
      try gate.select([Float](repeating: 0, count: 2).span, traits: decode, into: &other)
    }
  }

  @Test func aSmallerBatchAfterALargerOneHasOnlyItsOwnRows() throws {
    var gate = try TopK(expertsPerLayer: 3, expertsPerToken: 2)
    var selection = Selection(expertsPerLayer: 3)
    try gate.select(([1, 2, 3, 3, 2, 1] as [Float]).span, traits: decode, into: &selection)
    selection.removeAll()
    try gate.select(([0, 9, 5] as [Float]).span, traits: decode, into: &selection)
    #expect(selection.experts == [1, 2])
  }
}

/// A small seeded source, so that the rows are the same everywhere.
private struct SeededRandom {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state >> 33
  }
}
