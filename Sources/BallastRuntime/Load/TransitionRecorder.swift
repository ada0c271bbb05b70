/// A lane's memory of the last batch it sampled, by which it knows where the tokens of the next round come from.
///
/// Batches are told apart by their number: the n-th batch of a round is taken for the n-th of the round before it,
/// which holds for any lane that passes each batch through its layers and rounds once and in order.
struct TransitionRecorder: Sendable {
  private var place: (layer: LayerID, round: RoundID)?
  private var number = 0
  private var experts: [UInt16] = []
  private var gates: [Float] = []
  private var ends: [Int32] = []

  /// Takes in a sampled batch, and counts where its tokens came from if the layer before was sampled too.
  ///
  /// - Complexity: O(assignments + sampled tokens · choices²); allocates only beyond the largest batch seen.
  mutating func observe(
    _ selection: borrowing SelectionSpan, layer: LayerID, round: RoundID, number: Int, counters: AffinityCounters,
    lane: Int
  ) {
    guard lane < counters.lanes else { return }
    if let place, self.number == number, ends.count == selection.tokenCount,
      Self.follows(layer, round, place, rounds: counters.roundsPerLayer),
      let pair = counters.pair(from: place.layer, to: layer)
    {
      count(selection, pair, counters, lane)
    }
    keep(selection, number)
    place = (layer, round)
  }

  /// Whether a round comes right after another: in the same layer, or as the first after the last of a layer.
  private static func follows(
    _ layer: LayerID, _ round: RoundID, _ place: (layer: LayerID, round: RoundID), rounds: Int
  ) -> Bool {
    if layer == place.layer { return round.index == place.round.index + 1 }
    return round == .first && place.round.index == rounds - 1
  }

  private func count(_ selection: borrowing SelectionSpan, _ pair: Int, _ counters: AffinityCounters, _ lane: Int) {
    var tokens = 0
    for token in 0..<selection.tokenCount where selection.isCounted(token) { tokens += 1 }
    guard tokens > 0 else { return }
    counters.addBatch(pair: pair, tokens: tokens, lane: lane)
    let stride = max(1, selection.tokenCount / AffinityCounters.tokensPerSample)
    for token in Swift.stride(from: number % stride, to: selection.tokenCount, by: stride)
    where selection.isCounted(token) {
      let sources = (token == 0 ? 0 : Int(ends[token - 1]))..<Int(ends[token])
      let targets = selection.assignments(of: token)
      let from = sources.reduce(0.0) { $0 + Double(max(gates[$1], 0)) }
      var to = 0.0
      for target in targets { to += Double(max(selection.gate(target), 0)) }
      for source in sources {
        let share = from > 0 ? Double(max(gates[source], 0)) / from : 1 / Double(sources.count)
        for target in targets {
          let part = to > 0 ? Double(max(selection.gate(target), 0)) / to : 1 / Double(targets.count)
          counters.add(
            share * part, pair: pair, from: Int(experts[source]), to: selection.expert(target), lane: lane)
        }
      }
    }
  }

  // The contents are copied: holding the arrays would make the next change of the selection allocate.
  private mutating func keep(_ selection: borrowing SelectionSpan, _ number: Int) {
    self.number = number
    experts.resize(to: selection.assignmentCount, with: 0)
    gates.resize(to: selection.assignmentCount, with: 0)
    ends.resize(to: selection.tokenCount, with: 0)
    for index in 0..<selection.assignmentCount {
      experts[index] = UInt16(selection.expert(index))
      gates[index] = selection.gate(index)
    }
    for token in 0..<selection.tokenCount { ends[token] = Int32(selection.assignments(of: token).upperBound) }
  }
}

extension SelectionSpan {
  /// The expert of one choice.
  fileprivate func expert(_ index: Int) -> Int {
    switch width {
    case .one: Int(experts.id(at: index) as UInt8)
    case .two: Int(experts.id(at: index) as UInt16)
    case .four: Int(experts.id(at: index) as UInt32)
    case .eight: Int(experts.id(at: index) as UInt64)
    }
  }

  /// The gate weight of one choice; all are alike when none were given.
  fileprivate func gate(_ index: Int) -> Float { gates?[index] ?? 1 }

  /// Whether a token takes part and counts as load.
  fileprivate func isCounted(_ token: Int) -> Bool { takesPart(token) && traits(of: token).isCounted }
}
