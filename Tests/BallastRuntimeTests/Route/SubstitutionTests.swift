import Foundation
import Testing

@testable import BallastRuntime

@Suite struct SubstitutionTests {
  /// Two tokens of two choices among five experts, with softmax gates of the chosen.
  private static let logits: [Float] = [3, 2, 1, 0, -1, 0, 4, 1, 2, 3]
  private static let experts = [0, 1, 1, 4]

  private static func gate(_ one: Float, _ other: Float) -> [Float] {
    let share = 1 / (1 + exp(other - one))
    return [share, 1 - share]
  }

  private func selection(gates: [Float]? = nil) throws -> Selection {
    var selection = Selection(expertsPerLayer: 5)
    let gates = gates ?? Self.gate(3, 2) + Self.gate(4, 3)
    try selection.append(
      experts: Self.experts.span, gates: gates.span, expertsPerToken: 2,
      traits: TokenTraits(phase: .decode, leastPrecision: .bfloat16))
    return selection
  }

  private func replaced(
    _ selection: Selection, evicted: Set<Int>, logits: [Float] = logits
  ) -> (count: Int, selection: Selection) {
    var substitution = Substitution(expertsPerLayer: 5)
    let count = substitution.replace(
      selection.span, logits: logits.span, isEvicted: (0..<5).map { evicted.contains($0) })
    return (count, substitution.selection)
  }

  @Test func anEvictedChoiceBecomesTheBestResidentExpertNotChosen() throws {
    let (count, served) = replaced(try selection(), evicted: [1])
    #expect(count == 2)
    #expect(served.experts == [0, 2, 3, 4])
    #expect(served.traits == (try selection()).traits)
  }

  /// As if the gate had chosen among resident experts only.
  @Test func gateWeightsAreThoseOfASoftmaxOverWhatServes() throws {
    let served = replaced(try selection(), evicted: [1]).selection
    for (seen, expected) in zip(served.gates, Self.gate(3, 1) + [1 - Self.gate(3, 2)[0], Self.gate(3, 2)[0]]) {
      #expect(abs(seen - expected) < 1e-6)
    }
  }

  @Test func aRowKeepsTheSumOfItsGateWeights() throws {
    let served = replaced(try selection(gates: [0.3, 0.1, 0.5, 0.2]), evicted: [0, 4]).selection
    #expect(abs(served.gates[0] + served.gates[1] - 0.4) < 1e-6)
    #expect(abs(served.gates[2] + served.gates[3] - 0.7) < 1e-6)
  }

  @Test func severalChoicesOfATokenGetDifferentExperts() throws {
    let (count, served) = replaced(try selection(), evicted: [0, 1])
    #expect(count == 3)
    #expect(served.experts == [2, 3, 3, 4])
  }

  @Test func whenNoResidentExpertIsLeftTheChoiceStays() throws {
    let (count, served) = replaced(try selection(), evicted: [0, 1, 2, 3])
    #expect(count == 1)
    #expect(served.experts == [4, 1, 1, 4])
  }

  @Test func withoutEvictedChoicesOrFittingLogitsNothingIsReplaced() throws {
    let all = try selection()
    #expect(replaced(all, evicted: [2, 3]).count == 0)
    #expect(replaced(all, evicted: [1], logits: [1, 2, 3]).count == 0)
    #expect(replaced(all, evicted: [1], logits: []).count == 0)
  }

  @Test func logitsThatAreNoNumbersReplaceNothing() throws {
    let all = try selection()
    #expect(replaced(all, evicted: [1], logits: Array(repeating: .nan, count: 10)).count == 0)
    #expect(replaced(all, evicted: [1], logits: Array(repeating: -.infinity, count: 10)).count == 0)
  }
}
