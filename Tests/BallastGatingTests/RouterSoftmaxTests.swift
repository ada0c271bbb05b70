import Testing

@testable import BallastGating

@Suite struct RouterSoftmaxTests {
  private func read(_ row: [Float]) -> RouterSoftmax {
    var softmax = RouterSoftmax(experts: row.count)
    softmax.read(row.span)
    return softmax
  }

  @Test func theHighestIsOneAndTheRestFollowIt() {
    let softmax = read([0, 0.693_147_2, -100, 0.693_147_2])
    #expect(softmax.powers[1] == 1 && softmax.powers[3] == 1)
    #expect(abs(softmax.powers[0] - 0.5) < 1e-7)
    #expect(softmax.shares == [1 << 22, 1 << 23, 0, 1 << 23])
    #expect(softmax.total == (1 << 22) + (1 << 24))
  }

  @Test func ranksOrderLogitsOfBothSigns() {
    let row: [Float] = [-1e30, -2, -1e-37, -0.0, 0, 1e-37, 2, 1e30]
    let ranks = read(row).ranks
    #expect(ranks == ranks.sorted())
    #expect(ranks[3] == ranks[4] && Set(ranks).count == 7)
  }

  @Test func entropyAndConcentrationAreExactAtTheEnds() {
    for experts in [2, 3, 32, 100] {
      let even = read(Array(repeating: 3, count: experts))
      #expect(even.concentration == Double(experts) / Double(experts * experts))
      var one = [Float](repeating: 0, count: experts)
      one[experts / 2] = 200
      #expect(read(one).concentration == 1)
      #expect(abs(read(one).entropy) < 1e-30)
    }
    // One half, one quarter, two eighths: 1.75 bits.
    let halves = read([1.386_294_4, 0.693_147_2, 0, 0])
    #expect(abs(halves.entropy / 0.693_147_180_56 - 1.75) < 1e-6)
    #expect(abs(halves.concentration - 0.34375) < 1e-6)
  }
}
