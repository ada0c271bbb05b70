import BallastRuntime
import Testing

@testable import BallastGating

@Suite struct ConfidenceTests {
  private func of(_ logits: [Float], _ dispersion: Dispersion, exponent: Double = 1) throws -> Double {
    try Confidence(dispersion, exponent: exponent).of(logits.span)
  }

  @Test(arguments: [Dispersion.variance, .entropy])
  func isZeroForEqualAndOneForCertain(dispersion: Dispersion) throws {
    for classes in [2, 5, 32, 256] {
      #expect(try of(Array(repeating: -7, count: classes), dispersion) == 0)
      var certain = [Float](repeating: -1e30, count: classes)
      certain[1] = 1e30
      #expect(try of(certain, dispersion) == 1)
    }
    #expect(try of([3], dispersion) == 1)
  }

  @Test func isWhatTheDefinitionSays() throws {
    // Probabilities 1/2, 1/4, 1/8, 1/8. Variance 0.34375/4 − 1/16 over 3/16; entropy 1.75 of 2 bits.
    let logits: [Float] = [1.386_294_4, 0.693_147_2, 0, 0]
    #expect(abs(try of(logits, .variance) - 0.125) < 1e-6)
    #expect(abs(try of(logits, .entropy) - 0.125) < 1e-6)
    #expect(abs(try of(logits, .variance, exponent: 2) - 0.015_625) < 1e-6)
    #expect(abs(try of(logits, .entropy, exponent: 0.5) - 0.353_553) < 1e-5)
  }

  @Test(arguments: [Dispersion.variance, .entropy])
  func growsAsOneClassPullsAhead(dispersion: Dispersion) throws {
    let confidences = try (0...40).map { try of([Float($0) / 4, 0.25, 0, -0.5, 0.25], dispersion) }.dropFirst(2)
    for (one, next) in zip(confidences, confidences.dropFirst()) { #expect(one < next) }
  }

  @Test(arguments: Dispersion.allCases)
  func staysBetweenZeroAndOne(dispersion: Dispersion) throws {
    let rows = TopPTests.rows(70, experts: 24, seed: 23)
    for token in 0..<70 {
      let value = try of(Array(rows[token * 24..<(token + 1) * 24]), dispersion, exponent: 0.3)
      #expect(value >= 0 && value <= 1)
    }
  }

  @Test func randomIsTheSameForTheSameRowAndSpreadsOut() throws {
    let rows = TopPTests.rows(700, experts: 8, seed: 29)
    let draws = try (0..<700).filter { $0 % 7 != 0 }.map { try of(Array(rows[$0 * 8..<($0 + 1) * 8]), .random) }
    #expect(abs(draws.reduce(0, +) / Double(draws.count) - 0.5) < 0.05)
    #expect(try of([1, 2], .random) == of([1, 2], .random))
    #expect(try of([1, 2], .random) != of([2, 1], .random))
  }

  @Test func badInputIsNamed() {
    for exponent in [0, -1, .nan, .infinity, 1001] {
      #expect(throws: GatingError.self) { try Confidence(.entropy, exponent: exponent) }
    }
    #expect(throws: GatingError.expertsPerLayer(0, allowed: 1...65_535)) { try of([], .entropy) }
    #expect(throws: GatingError.logitNotFinite(token: 0, expert: 1)) { try of([0, .nan], .variance) }
  }
}
