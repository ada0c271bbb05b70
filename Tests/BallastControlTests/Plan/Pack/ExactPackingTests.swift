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
    let placed = Set((0..<9).map { exact.best[$0] })
    #expect(isFound && isExhausted && placed == Set(0..<6))
    #expect(abs(Double(most) - optimum) < 1e-5, "seed \(seed)")
    let isBeaten = exact.search(loads, order.experts, below: Float(optimum * (1 - 1e-5)))
    #expect(!isBeaten)
  }

  /// Few slots and many, few devices and one.
  @Test(arguments: [(5, 8, 4), (6, 10, 5), (7, 8, 2), (4, 4, 1)])
  func anyFewSlotsAreFilled(experts: Int, copies: Int, devices: Int) {
    var random = SeededRandom(seed: UInt64(experts) + 9)
    let values = (0..<experts).map { _ in Double(Int.random(in: 1...900, using: &random)) }
    let total = values.reduce(0, +)
    let loads = Row<Float>(repeating: 0, count: experts)
    for index in 0..<experts { loads[index] = Float(values[index] / total * Double(devices)) }
    let order = LoadOrder(count: experts)
    order.sort(loads)
    var exact = ExactPacking(experts: experts, copies: copies, devices: devices)
    let isFound = exact.search(loads, order.experts, below: 100)
    let most = Double(exact.most)
    #expect(isFound)
    #expect(abs(most - PackerTests.optimum(values, copies: copies, devices: devices)) < 1e-5)
  }

  @Test func largeLayersAreNotSearched() {
    let shapes = [(16, 18, 2), (8, 8, 8), (8, 12, 4)].map { experts, copies, devices in
      let exact = ExactPacking(experts: experts, copies: copies, devices: devices)
      return exact.isWorthwhile
    }
    #expect(shapes == [false, false, true])
  }
}
