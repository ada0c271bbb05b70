import BallastRuntime
import BallastServing
import Testing

@Suite struct SequenceSelectionTests {
  /// Sequences of a few domains, each with favourite experts.
  private func candidates(_ count: Int, seed: UInt64) -> [SequenceSelection.Candidate] {
    var random = SplitMix64(seed: seed)
    func unit() -> Double { Double(random.next() >> 11) * 0x1p-53 }
    return (0..<count).map { place in
      SequenceSelection.Candidate(
        surprise: 1 + 0.02 * unit(),
        usage: (0..<2).map { _ in
          (0..<16).map { expert in (expert % 4 == (place * place) % 4 ? 30 : 2) + (8 * unit()).rounded() }
        })
    }
  }

  private func deviation(_ places: [Int], _ candidates: [SequenceSelection.Candidate]) -> Double {
    var usage = Array(repeating: Array(repeating: 0.0, count: 16), count: 2)
    for place in places {
      for layer in 0..<2 {
        for expert in 0..<16 { usage[layer][expert] += candidates[place].usage[layer][expert] }
      }
    }
    return SequenceSelection.deviation(usage)
  }

  @Test(arguments: 1...8 as ClosedRange<UInt64>) func usesExpertsMoreEvenlyThanChance(seed: UInt64) {
    let candidates = candidates(40, seed: seed)
    let selection = SequenceSelection(candidates, count: 10)
    #expect(Set(selection.places).count == 10 && selection.places == selection.places.sorted())
    #expect(abs(selection.usageDeviation - deviation(selection.places, candidates)) < 1e-12)
    var random = SplitMix64(seed: seed &+ 100)
    let others = (0..<101).map { _ -> Double in
      var places = Array(candidates.indices)
      for place in places.indices.dropLast() {
        places.swapAt(place, place + Int(random.next() % UInt64(places.count - place)))
      }
      return deviation(Array(places.prefix(10)), candidates)
    }
    #expect(selection.usageDeviation <= others.sorted()[50], "seed \(seed)")
  }

  @Test func prefersWhatIsLikely() {
    let even = [[1.0, 1.0]]
    let candidates = [3.0, 1.0, 2.0].map { SequenceSelection.Candidate(surprise: $0, usage: even) }
    #expect(SequenceSelection(candidates, count: 2).places == [1, 2])
  }

  @Test func deviationByHand() {
    #expect(SequenceSelection.deviation([[1, 1], [3, 1]]) == 0.125)
    #expect(SequenceSelection.deviation([]) == 0)
    #expect(SequenceSelection.deviation([[0, 0]]) == 0)
  }

  @Test func fewAndNone() {
    #expect(SequenceSelection([], count: 3).places == [])
    #expect(SequenceSelection(candidates(3, seed: 1), count: 9).places == [0, 1, 2])
    #expect(SequenceSelection(candidates(3, seed: 1), count: -1).places == [])
  }
}
