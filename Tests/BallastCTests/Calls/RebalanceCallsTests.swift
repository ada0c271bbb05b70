import BallastC
import CBallast
import Testing

extension BlockingCalls {
  @Suite struct RebalanceCallsTests {
    private let weights: [Double] = [90, 132, 40, 61, 104, 165, 39, 4, 73, 56, 183, 86]

    @Test func givesEveryMapOfOnePlacement() throws {
      var physical = [Int64](repeating: 0, count: 16)
      var logical = [Int64](repeating: 0, count: 12 * 5)
      var counts = [Int64](repeating: 0, count: 12)
      var most: UInt32 = 0
      try expectDone(ballast_rebalance(weights, 1, 12, 16, 4, 2, 8, 5, &physical, &logical, &counts, &most))
      #expect(counts.reduce(0, +) == 16)
      #expect(counts.max() == Int64(most))
      for expert in 0..<12 {
        let places = logical[expert * 5..<expert * 5 + 5].filter { $0 >= 0 }
        #expect(places.count == Int(counts[expert]))
        #expect(places.allSatisfy { physical[Int($0)] == Int64(expert) })
      }
    }

    @Test func saysHowManySlotsAreNeeded() throws {
      var logical = [Int64](repeating: 0, count: 12)
      var most: UInt32 = 0
      #expect(
        ballast_rebalance(weights, 1, 12, 16, 4, 2, 8, 1, nil, &logical, nil, &most) == BALLAST_BUFFER_TOO_SMALL)
      #expect(most == 2)
    }

    @Test func refusesWhatDoesNotDivide() {
      var most: UInt32 = 0
      #expect(ballast_rebalance(weights, 1, 12, 15, 4, 2, 8, 5, nil, nil, nil, &most) == BALLAST_BAD_VALUE)
      #expect(ballast_rebalance(nil, 1, 12, 16, 4, 2, 8, 5, nil, nil, nil, &most) == BALLAST_BAD_POINTER)
      #expect(ballast_rebalance(weights, 1, 12, 16, 0, 0, 0, 5, nil, nil, nil, &most) == BALLAST_BAD_VALUE)
    }
  }
}
