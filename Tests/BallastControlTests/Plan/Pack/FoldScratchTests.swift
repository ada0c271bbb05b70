import Testing

@testable import BallastControl

@Suite struct FoldScratchTests {
  /// Folding an exchange gives what folding the copies it leads to gives.
  @Test(arguments: 0..<30)
  func anExchangeIsFoldedAsIfMade(seed: Int) {
    var random = SeededRandom(seed: UInt64(seed))
    let loads = Row<Float>(repeating: 0, count: 20)
    for index in 0..<20 { loads[index] = Float.random(in: 0.1...2, using: &random) / Float(index % 5 + 1) }
    let order = LoadOrder(count: 20)
    order.sort(loads)
    var counts = CopyCounts(count: 20)
    counts.share(28, order.experts, loads, most: 7)
    let list = CopyList(experts: 20, copies: 28)
    list.list(counts, order.experts, loads)
    var fold = FoldScratch(experts: 20, devices: 7)
    fold.begin(list, counts, loads)
    for giver in 0..<fold.groups where counts[fold.experts[giver]] > 1 {
      for taker in 0..<fold.groups where taker != giver {
        let exchange = FoldScratch.Exchange(giver: giver, taker: taker)
        let tried = fold.worst(exchange, tail: 0, lone: 0, limit: .infinity)
        var made = FoldScratch(experts: 20, devices: 7)
        made.begin(list, counts, loads)
        made.apply(exchange)
        let expected = made.worst(nil, tail: 0, lone: 0, limit: .infinity).load
        #expect(tried.load == expected, "\(giver) to \(taker)")
      }
    }
  }
}
