import Testing

@testable import BallastControl

@Suite struct LoadOrderTests {
  @Test(arguments: [1, 2, 17, 300, 5000])
  func expertsStandByLoadThenIndex(count: Int) {
    var random = SeededRandom(seed: UInt64(count))
    let loads = Row<Float>(repeating: 0, count: count)
    for index in 0..<count {
      let one = Float.random(in: 0...1, using: &random)
      loads[index] = one < 0.1 ? 0 : one < 0.2 ? 0.25 : one < 0.3 ? one * 60_000 : one < 0.4 ? one * 1e-6 : one
    }
    let order = LoadOrder(count: count)
    order.sort(loads)
    let values = (0..<count).map { loads[$0] }
    let expected = (0..<count).sorted { (values[$1], $0) < (values[$0], $1) }
    let once = (0..<count).map { Int(order.experts[$0]) }
    order.sort(loads)
    let twice = (0..<count).map { Int(order.experts[$0]) }
    #expect(once == expected && twice == expected)
  }
}
