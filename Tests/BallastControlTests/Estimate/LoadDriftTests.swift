import Testing

@testable import BallastControl

@Suite struct LoadDriftTests {
  private func window(_ shares: [Double], tokens: Int, seed: UInt64) -> [Double] {
    var random = SeededRandom(seed: seed)
    var counts = shares.map { _ in 0.0 }
    for _ in 0..<tokens {
      var left = Double.random(in: 0..<shares.reduce(0, +), using: &random)
      let expert = shares.indices.first {
        left -= shares[$0]
        return left < 0
      }
      counts[expert ?? 0] += 1
    }
    return counts
  }

  private let shares = (1...32).map { 1 / Double($0) }

  @Test func identicalWindowsAreNoDistanceApart() {
    #expect(LoadDrift.distance([[3, 4, 5]], [[3, 4, 5]]) == 0)
    #expect(LoadDrift.distance([[0, 0]], [[3, 4]]) == 0)
  }

  @Test(arguments: UInt64(0)..<10) func resamplesAreOneApart(seed: UInt64) {
    let one = window(shares, tokens: 3000, seed: seed)
    let other = window(shares, tokens: 1000, seed: seed + 100)
    #expect(abs(LoadDrift.distance([one], [other]) - 1) < 0.4)
  }

  @Test(arguments: UInt64(0)..<10) func resamplesHaveNotShifted(seed: UInt64) {
    let layers = (0..<4).map { window(shares, tokens: 2000, seed: seed * 8 + $0) }
    let again = (0..<4).map { window(shares, tokens: 2000, seed: seed * 8 + 4 + $0) }
    #expect(LoadDrift.shifted(again, from: layers) == [false, false, false, false])
  }

  @Test func aSwapOfPopularityHas() {
    var swapped = shares
    swapped.swapAt(0, 20)
    swapped.swapAt(2, 25)
    let before = (0..<3).map { window(shares, tokens: 2000, seed: $0) }
    let after = [
      window(swapped, tokens: 2000, seed: 7), window(swapped, tokens: 2000, seed: 8),
      window(swapped, tokens: 2000, seed: 9),
    ]
    #expect(LoadDrift.shifted(after, from: before) == [true, true, true])
    #expect(LoadDrift.shifted(before, from: [nil, before[1], before[2]]) == [true, false, false])
  }

  @Test func whatIsUsualIsLearned() {
    var drift = LoadDrift()
    #expect(drift.usual == 1)
    for distance in [3.0, 3.2, 12, 2.9, 3.1] { drift.note(distance) }
    #expect((2.9...3.2).contains(drift.usual))
    #expect(drift.agreement(drift.usual, sensitivity: 2) == 1)
    #expect(drift.agreement(12, sensitivity: 2) < 0.01)
    #expect(drift.agreement(12, sensitivity: 0) == 1)
  }
}
