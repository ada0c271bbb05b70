import Testing

@testable import BallastControl

@Suite struct CopyListTests {
  @Test func copiesStandByLoadAndTogether() {
    let values: [Float] = [1, 9, 4, 0, 8]
    let loads = Row<Float>(repeating: 0, count: 5)
    for index in 0..<5 { loads[index] = values[index] }
    let order = LoadOrder(count: 5)
    order.sort(loads)
    var counts = CopyCounts(count: 5)
    counts.share(9, order.experts, loads, most: 3)
    let list = CopyList(experts: 5, copies: 9)
    list.list(counts, order.experts, loads)
    let experts = (0..<9).map { Int(list.experts[$0]) }
    // 9 and 8 in three parts each, 4 whole, then 1 and 0.
    #expect(experts == [2, 1, 1, 1, 4, 4, 4, 0, 3])
    let carried = (0..<9).map { list.loads[$0] }
    #expect(carried == carried.sorted(by: >))
    #expect(abs(carried.reduce(0, +) - 22) < 1e-4)
  }
}
