import BallastRuntime
import Testing

@Suite struct LoadTotalsTests {
  private let layer = LayerID(1)

  private func totals() -> LoadTotals {
    var totals = LoadTotals(layers: 2, expertsPerLayer: 3)
    totals.add([4, 0, 2], tokens: 3, phase: .prefill, layer: layer)
    totals.add([1, 1, 0], tokens: 1, phase: .decode, layer: layer)
    return totals
  }

  @Test func batchesAreCountedByPhaseAndLayer() {
    let totals = totals()
    #expect(totals[.prefill, layer, ExpertID(0)] == 4)
    #expect(totals[.decode, layer, ExpertID(1)] == 1)
    #expect(totals[.prefill, LayerID(0), ExpertID(0)] == 0)
    #expect(totals.tokens(.prefill, layer) == 3)
    #expect(totals.batches(.decode, layer) == 1)
    #expect(totals.tokens == 4)
  }

  @Test func phasesAreWeighted() {
    #expect(totals().weighted(layer, prefill: 0.5, decode: 2) == [4, 2, 1])
  }

  @Test func surplusAndNegativeCountsAreIgnored() {
    var totals = LoadTotals(layers: 1, expertsPerLayer: 2)
    totals.add([-5, 1, 9], tokens: -1, phase: .decode, layer: LayerID(0))
    #expect(totals.weighted(LayerID(0), prefill: 1, decode: 1) == [0, 1])
    #expect(totals.tokens == 0)
  }

  @Test func aDifferenceNeverRunsBelowNothing() {
    let now = totals()
    #expect(now.since(LoadTotals(layers: 2, expertsPerLayer: 3)) == now)
    #expect(LoadTotals(layers: 2, expertsPerLayer: 3).since(now).tokens == 0)
  }

  /// One layer of three rounds over two experts.
  private func chained() -> LoadTotals {
    var totals = LoadTotals(layers: 2, expertsPerLayer: 2, roundsPerLayer: 3)
    totals.add([3, 1], tokens: 4, phase: .prefill, layer: layer, round: RoundID(0))
    totals.add([0, 4], tokens: 4, phase: .prefill, layer: layer, round: RoundID(1))
    totals.add([2, 2], tokens: 4, phase: .decode, layer: layer, round: RoundID(2))
    return totals
  }

  @Test func aLayersLoadIsTheSumOfItsRounds() {
    let totals = chained()
    #expect(totals[.prefill, layer, ExpertID(0)] == 3 && totals[.prefill, layer, ExpertID(1)] == 5)
    #expect(totals[.prefill, layer, RoundID(1), ExpertID(1)] == 4)
    #expect(totals[.decode, layer, RoundID(1), ExpertID(1)] == 0)
    #expect(totals.tokens(.prefill, layer) == 8 && totals.batches(.prefill, layer) == 2)
    #expect(totals.tokens == 12)
    #expect(totals.weighted(layer, prefill: 1, decode: 0.5) == [4, 6])
    let rounds = (0..<3).map { totals.weighted(layer, RoundID($0), prefill: 1, decode: 0.5) }
    #expect(rounds == [[3, 1], [0, 4], [1, 1]])
    #expect(totals.weighted(LayerID(0), prefill: 1, decode: 1) == [0, 0])
  }

  @Test(arguments: [1, 3]) func bytesCarryTheRounds(rounds: Int) throws {
    var totals = LoadTotals(layers: 2, expertsPerLayer: 2, roundsPerLayer: rounds)
    totals.add([7, 9], tokens: 16, phase: .decode, layer: layer, round: RoundID(rounds - 1))
    let bytes = totals.bytes
    #expect(bytes.count == (6 + 2 * 2 * rounds * 4) * 8)
    #expect(try LoadTotals(bytes: bytes.span) == totals)
  }

  /// `words` with their checksum.
  private func sealed(_ words: [UInt64]) -> [UInt8] {
    var bytes = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
    let sum = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    bytes += (0..<8).map { UInt8(truncatingIfNeeded: sum >> (8 * $0)) }
    return bytes
  }

  private static let mark: UInt64 = 0x6461_6f6c_6c6c_6162

  @Test func bytesOfTheFirstVersionHaveOneRound() throws {
    let bytes = sealed([Self.mark, 1, 1, 1] + [5, 5, 1, 0, 0, 0])
    var expected = LoadTotals(layers: 1, expertsPerLayer: 1)
    expected.add([5], tokens: 5, phase: .prefill, layer: LayerID(0))
    #expect(try LoadTotals(bytes: bytes.span) == expected)
  }

  @Test(arguments: [0, 65, .max] as [UInt64]) func bytesWithImpossibleRoundsAreRefused(rounds: UInt64) {
    #expect(throws: LoadBytesError.shape(layers: 1, experts: 1, rounds: rounds)) {
      try LoadTotals(bytes: sealed([Self.mark, 2, 1, 1, rounds, 0, 0, 0, 0, 0, 0]).span)
    }
  }

  @Test func bytesOfAnotherVersionOrLengthAreRefused() {
    for version in [0, 3] as [UInt64] {
      #expect(throws: LoadBytesError.version(version, known: 2)) {
        try LoadTotals(bytes: sealed([Self.mark, version, 1, 1, 1, 0, 0, 0, 0, 0, 0]).span)
      }
    }
    #expect(throws: LoadBytesError.length(bytes: 96, expected: 144)) {
      try LoadTotals(bytes: sealed([Self.mark, 2, 1, 1, 2, 0, 0, 0, 0, 0, 0]).span)
    }
    #expect(throws: LoadBytesError.length(bytes: 40, expected: 88)) {
      try LoadTotals(bytes: sealed([Self.mark, 1, 1, 1]).span)
    }
  }

  @Test func loadsAreJoinedRoundByRound() throws {
    let both = try chained().adding(chained())
    #expect(both[.prefill, layer, RoundID(0), ExpertID(0)] == 6)
    #expect(both[.prefill, layer, RoundID(1), ExpertID(0)] == 0)
    #expect(throws: LoadBytesError.shape(layers: 2, experts: 2, rounds: 1)) {
      try chained().adding(LoadTotals(layers: 2, expertsPerLayer: 2))
    }
  }
}
