import BallastRuntime
import Testing

@testable import BallastGating

@Suite struct ConfidenceGateTests {
  private func gate(_ share: Double, experts: Int = 8, _ precision: Precision = .bfloat16) throws -> ConfidenceGate {
    try ConfidenceGate(
      expertsPerLayer: experts, confidence: Confidence(.entropy), budget: EscalationBudget(share: share),
      exactPrecision: precision)
  }

  private func chosen(_ logits: [Float], _ traits: TokenTraits = TokenTraits(phase: .decode)) throws -> Selection {
    var topK = try TopK(expertsPerLayer: 8, expertsPerToken: 2)
    var selection = Selection(expertsPerLayer: 8)
    try topK.select(logits.span, traits: traits, into: &selection)
    return selection
  }

  @Test func unsureTokensNeedAnExactReplicaAndExpertsStay() throws {
    // By turns a row without and a row with an opinion.
    let logits = (0..<1000).flatMap { row in (0..<8).map { Float($0 == row % 8 ? (row % 2 == 0 ? 0.01 : 9) : 0) } }
    var selection = try chosen(logits)
    let (experts, gates) = (selection.experts, selection.gates)
    var gate = try gate(0.5)
    let escalated = try gate.escalate(logits.span, tokens: 0..<1000, of: &selection)
    #expect(selection.experts == experts && selection.gates == gates)
    #expect(escalated == selection.traits.count { $0.leastPrecision == .bfloat16 })
    let right = (500..<1000).count { (selection.traits[$0].leastPrecision == .bfloat16) == ($0 % 2 == 0) }
    #expect(right > 475)
    #expect(selection.traits.allSatisfy { $0.leastPrecision == .bfloat16 || $0.leastPrecision == .int4 })
  }

  @Test func theSurestMayComeFirst() throws {
    let logits = (0..<1000).flatMap { row in (0..<8).map { Float($0 == row % 8 ? (row % 2 == 0 ? 0.01 : 9) : 0) } }
    var selection = try chosen(logits)
    var gate = try gate(0.5)
    gate.order = .sureFirst
    try gate.escalate(logits.span, tokens: 0..<1000, of: &selection)
    let right = (500..<1000).count { (selection.traits[$0].leastPrecision == .bfloat16) == ($0 % 2 == 1) }
    #expect(right > 475)
  }

  @Test func aTokenThatAskedForMoreKeepsIt() throws {
    let logits = [Float](repeating: 0, count: 16)
    var selection = try chosen(logits, TokenTraits(phase: .prefill, leastPrecision: .float32))
    var gate = try gate(1)
    #expect(try gate.escalate(logits.span, tokens: 0..<2, of: &selection) == 2)
    #expect(selection.traits.allSatisfy { $0.leastPrecision == .float32 })
  }

  @Test func onlyTheGivenTokensAreJudged() throws {
    let logits = [Float](repeating: 0, count: 32)
    var selection = try chosen(logits)
    var gate = try gate(1)
    try gate.escalate(logits.span.extracting(0..<16), tokens: 1..<3, of: &selection)
    #expect(selection.traits.map(\.leastPrecision) == [.int4, .bfloat16, .bfloat16, .int4])
  }

  @Test func badInputIsNamedAndChangesNothing() throws {
    var logits = [Float](repeating: 0, count: 16)
    var selection = try chosen(logits)
    var gate = try gate(1)
    for tokens in [0..<1, 1..<3, 0..<3, -1..<1] {
      #expect(throws: GatingError.tokenCount(tokens: tokens.count, rows: 2)) {
        try gate.escalate(logits.span, tokens: tokens, of: &selection)
      }
    }
    #expect(throws: GatingError.unevenRows(logits: 15, expertsPerLayer: 8)) {
      try gate.escalate(logits.span.extracting(0..<15), tokens: 0..<2, of: &selection)
    }
    logits[9] = .nan
    #expect(throws: GatingError.logitNotFinite(token: 1, expert: 1)) {
      try gate.escalate(logits.span, tokens: 0..<2, of: &selection)
    }
    #expect(throws: GatingError.expertsPerLayer(0, allowed: 1...65_535)) { try self.gate(0.5, experts: 0) }
    #expect(selection.traits.allSatisfy { $0.leastPrecision == .int4 } && gate.budget.tokens == 0)
  }
}
