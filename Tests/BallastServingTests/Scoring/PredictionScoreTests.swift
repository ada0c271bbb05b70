import Foundation
import Testing

@testable import BallastServing

@Suite struct PredictionScoreTests {
  @Test func bitsAreTheNegativeLogarithmOfTheProbability() {
    var score = PredictionScore()
    // Probabilities 1/2, 1/4, 1/4.
    let logits: [Float] = [log(2), 0, 0]
    score.add(logits: logits.span, next: 0)
    #expect(abs(score.bits - 1) < 1e-6)
    score.add(logits: logits.span, next: 2)
    #expect(abs(score.bits - 3) < 1e-6)
    #expect(score.bytes == 2)
    #expect(score.correctBytes == 1)
    #expect(score.nextByteAccuracy == 0.5)
  }

  @Test func equalLogitsGoToTheLowerByte() {
    var score = PredictionScore()
    let logits = [Float](repeating: 3, count: 256)
    score.add(logits: logits.span, next: 0)
    score.add(logits: logits.span, next: 1)
    #expect(score.correctBytes == 1)
    #expect(abs(score.bits - 16) < 1e-4)
  }

  @Test func sumsOfPartsAreTheWhole() {
    var left = PredictionScore()
    var right = PredictionScore()
    left.add(logits: ([1, 2] as [Float]).span, next: 1)
    right.add(logits: ([1, 2] as [Float]).span, next: 0)
    var both = left
    both.add(right)
    #expect(both.bytes == 2)
    #expect(both.bits == left.bits + right.bits)
    #expect(PredictionScore().bitsPerByte == nil)
  }
}
