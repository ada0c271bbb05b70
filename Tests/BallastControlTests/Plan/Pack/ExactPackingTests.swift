import Testing

@testable import BallastControl

@Suite struct ExactPackingTests {
  @Test(arguments: 0..<20)
  func theBestIsFoundFromAnyBound(seed: Int) {
    var random = SeededRandom(seed: UInt64(seed) + 90)
    let values = (0..<6).map { _ in Double(Int.random(in: 1...900, using: &random)) }
    let optimum = PackerTests.optimum(values, copies: 9, devices: 3)
    let loads = Row<Float>(repeating: 0, count: 6)
    for index in 0..<6 { loads[index] = Float(values[index] / values.reduce(0, +) * 3) }
    let order = LoadOrder(count: 6)
    order.sort(loads)
    var exact = ExactPacking(experts: 6, copies: 9, devices: 3)
    let isFound = exact.search(loads, order.experts, below: 10)
    let (isExhausted, most) = (exact.isExhausted, exact.most)
    let copies = (0..<6).reduce(0) { $0 + exact.bestCounts[$1] }
    #expect(isFound && isExhausted && copies == 9)
    #expect(abs(Double(most) - optimum) < 1e-5, "seed \(seed)")
    let isBeaten = exact.search(loads, order.experts, below: Float(optimum * (1 - 1e-5)))
    #expect(!isBeaten)
  }

  @Test func largeLayersAreNotSearched() {
    let shapes = [(16, 18, 2), (8, 8, 8), (8, 12, 4)].map { experts, copies, devices in
      let exact = ExactPacking(experts: experts, copies: copies, devices: devices)
      return exact.isWorthwhile
    }
    #expect(shapes == [false, false, true])
  }
}
