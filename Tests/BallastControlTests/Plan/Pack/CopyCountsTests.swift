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

  /// Copies as light as they can be are too alike to share devices; fewer of the heaviest expert leave room.
  @Test func copiesThatFoldBadlyAreExchanged() {
    let values = (1...64).map { Float(1 / Double($0 * $0)) }
    let sum = values.reduce(0, +)
    let loads = Row<Float>(repeating: 0, count: 64)
    for index in 0..<64 { loads[index] = values[index] / sum * 8 }
    let order = LoadOrder(count: 64)
    order.sort(loads)
    var counts = CopyCounts(count: 64)
    counts.share(72, order.experts, loads, most: 8)
    let list = CopyList(experts: 64, copies: 72)
    list.list(counts, order.experts, loads)
    var fold = FoldScratch(experts: 64, devices: 8)
    fold.begin(list, counts, loads)
    let before = fold.worst(nil, tail: 0, lone: 0, limit: .infinity).load
    let hasChanged = counts.refold(list, loads, devices: 8, slots: 9, goal: 1.0005, steps: 12, &fold)
    list.list(counts, order.experts, loads)
    fold.begin(list, counts, loads)
    let after = fold.worst(nil, tail: 0, lone: 0, limit: .infinity).load
    let shared = (0..<64).map { Int(counts.counts[$0]) }
    #expect(hasChanged && after < before)
    #expect(shared.reduce(0, +) == 72 && shared.allSatisfy { (1...8).contains($0) })
  }
}
