import Testing

@testable import BallastControl

@Suite struct CopyCountsTests {
  @Test(arguments: 0..<30)
  func theHeaviestCopyIsAsLightAsItCanBe(seed: Int) {
    var random = SeededRandom(seed: UInt64(seed))
    let experts = Int.random(in: 1...30, using: &random)
    let most = Int.random(in: 1...6, using: &random)
    let copies = Int.random(in: experts...experts * most, using: &random)
    let loads = Row<Float>(repeating: 0, count: experts)
    for index in 0..<experts { loads[index] = Float(Int.random(in: 0...50, using: &random)) }
    let order = LoadOrder(count: experts)
    order.sort(loads)
    var counts = CopyCounts(count: experts)
    counts.share(copies, order.experts, loads, most: most)
    let shared = (0..<experts).map { Int(counts.counts[$0]) }
    #expect(shared.reduce(0, +) == copies)
    #expect(shared.allSatisfy { (1...most).contains($0) })
    let heaviest = (0..<experts).map { loads[$0] / Float(shared[$0]) }.max() ?? 0
    // Any smaller bound on a copy would need more copies than there are, or than an expert may have.
    let needed = (0..<experts).map { loads[$0] > 0 ? Int((loads[$0] / heaviest).rounded(.down)) + 1 : 1 }
    #expect(heaviest == 0 || needed.reduce(0, +) > copies || needed.contains { $0 > most })
  }

  /// Of three loads 3, 3, 2 on two devices, two heavy copies must not meet.
  @Test func copiesThatFoldBadlyAreExchanged() {
    let values: [Float] = [1.2, 0.3, 0.25, 0.25]
    let loads = Row<Float>(repeating: 0, count: 4)
    for index in 0..<4 { loads[index] = values[index] }
    let order = LoadOrder(count: 4)
    order.sort(loads)
    var counts = CopyCounts(count: 4)
    counts.share(6, order.experts, loads, most: 2)
    #expect((0..<4).map { counts.counts[$0] } == [2, 2, 1, 1] || counts.counts[0] == 2)
    let list = CopyList(experts: 4, copies: 6)
    list.list(counts, order.experts, loads)
    var fold = FoldScratch(experts: 4, devices: 2)
    _ = counts.refold(list, loads, devices: 2, slots: 3, goal: 1.0005, steps: 12, &fold)
    #expect((0..<4).reduce(0) { $0 + counts.counts[$1] } == 6)
    #expect((0..<4).allSatisfy { (1...2).contains(counts.counts[$0]) })
  }
}
