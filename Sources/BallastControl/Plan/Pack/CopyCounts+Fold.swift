extension CopyCounts {
  // Algorithm: the heaviest 2 · devices copies, folded in the middle, say how a packing begins: the lightest of the first
  // half beside the heaviest of the second. Where such a pair is too much for a device, the copies are too alike: some
  // expert is better off with fewer, heavier copies, so that another has more. One copy at a time changes hands, the best
  // exchange first, until the fold fits or nothing helps.

  /// Exchanges copies between experts until the folded `copies`, as listed to begin with, fit a device of load `goal`.
  ///
  /// - Returns: Whether any count changed.
  mutating func refold(
    _ copies: borrowing CopyList, _ loads: borrowing Row<Float>, devices: Int, slots: Int, goal: Float, steps: Int,
    _ fold: inout FoldScratch
  ) -> Bool {
    guard slots > 1, devices > 1 else { return false }
    let last = copies.loads.count - 1
    var tail: Float = 0
    for index in 0..<(slots - 2) { tail += copies.loads[last - index] }
    let lone = tail + copies.loads[last - (slots - 2)]
    fold.begin(copies, self, loads)
    var worst = fold.worst(nil, tail: tail, lone: lone, limit: .infinity)
    var hasChanged = false
    for _ in 0..<steps where worst.load > goal {
      var best = worst
      var change: FoldScratch.Exchange?
      for givers in [0..<min(4, fold.groups), min(4, fold.groups)..<fold.groups] where change == nil {
        for place in worst.second..<min(worst.second + 2, fold.groups) {
          weigh(fold, place, givers, loads, devices, tail, lone, &best, &change)
        }
        if worst.first < worst.second {
          weigh(fold, worst.first, givers, loads, devices, tail, lone, &best, &change)
        }
      }
      guard let change else { break }
      counts[Int(fold.experts[change.giver])] -= 1
      counts[Int(fold.experts[change.taker])] += 1
      fold.apply(change)
      worst = fold.worst(nil, tail: tail, lone: lone, limit: .infinity)
      hasChanged = true
    }
    return hasChanged
  }

  /// Tries every giver for one taker.
  private func weigh(
    _ fold: borrowing FoldScratch, _ place: Int, _ givers: Range<Int>, _ loads: borrowing Row<Float>, _ devices: Int,
    _ tail: Float,
    _ lone: Float, _ best: inout FoldScratch.Worst, _ change: inout FoldScratch.Exchange?
  ) {
    let taker = fold.experts[place]
    guard Int(counts[Int(taker)]) < devices else { return }
    for other in givers where other != place {
      let giver = fold.experts[other]
      let count = counts[Int(giver)]
      guard count > 1, loads[Int(giver)] / Float(count - 1) + lone < best.load else { continue }
      let exchange = FoldScratch.Exchange(giver: other, taker: place)
      let worst = fold.worst(exchange, tail: tail, lone: lone, limit: best.load)
      if worst.load < best.load {
        best = worst
        change = exchange
      }
    }
  }
}
