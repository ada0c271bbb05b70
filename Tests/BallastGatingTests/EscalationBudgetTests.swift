import BallastRuntime
import Testing

@testable import BallastGating

@Suite struct EscalationBudgetTests {
  /// Streams of confidences that a fixed threshold would fail on.
  enum Stream: CaseIterable {
    case steady, drifting, jumping, equal, rising, hostile

    func value(_ token: Int, _ random: inout SplitMix64, wasEscalated: Bool) -> Double {
      let draw = Double(random.next() >> 11) * 0x1p-53
      switch self {
      case .steady: return draw
      case .drifting: return 0.05 + 0.9 * Double(token) / 20_000 + 0.05 * draw
      case .jumping: return token / 1000 % 2 == 0 ? 0.1 * draw : 0.9 + 0.1 * draw
      case .equal: return 0.5
      case .rising: return Double(token) / 20_000
      case .hostile: return wasEscalated ? 1 : 0
      }
    }
  }

  @Test(arguments: Stream.allCases, [0.01, 0.1, 0.25, 0.5, 0.9])
  func theShareKeepsToItsBoundAtEveryLength(stream: Stream, share: Double) throws {
    var budget = try EscalationBudget(share: share)
    var random = SplitMix64(seed: 5)
    var wasEscalated = false
    for token in 0..<20_000 {
      wasEscalated = budget.escalates(stream.value(token, &random, wasEscalated: wasEscalated))
      let error = abs(Double(budget.escalated) / Double(budget.tokens) - share)
      guard error <= EscalationBudget.errorBound(budget.tokens) else {
        Issue.record("\(stream) at \(share): off by \(error) after \(budget.tokens) tokens")
        return
      }
    }
    #expect(abs(Double(budget.escalated) / 20_000 - share) < 0.006)
  }

  @Test func theLeastSureAreEscalated() throws {
    var budget = try EscalationBudget(share: 0.25)
    var random = SplitMix64(seed: 7)
    var sums = (escalated: 0.0, spared: 0.0)
    var wrong = 0
    for token in 0..<20_000 {
      let value = 0.3 + 0.1 * Double(random.next() >> 11) * 0x1p-53
      let isEscalated = budget.escalates(value)
      if isEscalated { sums.escalated += value } else { sums.spared += value }
      if token >= 5000, isEscalated != (value < 0.325) { wrong += 1 }
    }
    // Means of the lowest quarter and of the rest.
    #expect(abs(sums.escalated / 5000 - 0.3125) < 0.002 && abs(sums.spared / 15_000 - 0.3625) < 0.002)
    #expect(wrong < 1000)
  }

  @Test func theEndsEscalateNoneOrAll() throws {
    var none = try EscalationBudget(share: 0)
    var all = try EscalationBudget(share: 1)
    for value in [0, 0.5, 1, .nan, -1, .infinity] {
      #expect(!none.escalates(value) && all.escalates(value))
    }
  }

  @Test func aNewShareIsHeldFromThenOn() throws {
    var budget = try EscalationBudget(share: 0.8)
    var random = SplitMix64(seed: 9)
    for _ in 0..<5000 { _ = budget.escalates(Double(random.next() >> 11) * 0x1p-53) }
    try budget.set(share: 0.1)
    #expect(budget.tokens == 0)
    for _ in 0..<5000 { _ = budget.escalates(Double(random.next() >> 11) * 0x1p-53) }
    #expect(abs(Double(budget.escalated) / 5000 - 0.1) <= EscalationBudget.errorBound(5000))
  }

  @Test func sharesOutsideTheirRangeAreNamed() throws {
    var budget = try EscalationBudget(share: 0.5)
    for share in [-0.001, 1.001, .infinity, -.infinity] {
      #expect(throws: GatingError.share(name: "the escalated share", value: share)) {
        try EscalationBudget(share: share)
      }
      #expect(throws: GatingError.share(name: "the escalated share", value: share)) { try budget.set(share: share) }
    }
    #expect(throws: GatingError.self) { try EscalationBudget(share: .nan) }
    #expect(budget.share == 0.5)
  }
}
