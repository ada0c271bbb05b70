import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct LearnedStateTests {
  private static let layer = LayerPlacement([
    Replica(expert: ExpertID(0), device: DeviceID(0), precision: .bfloat16),
    Replica(expert: ExpertID(1), device: DeviceID(1), precision: .int8),
  ])

  private static func state() -> LearnedState {
    var state = LearnedState(
      layers: 2, expertsPerLayer: 2, devices: 2, placement: Placement(layers: [layer, layer]))
    state.average = [[1, 2], [3, 4]]
    state.batches = 5
    state.spanned = 2
    state.history = [[[1, 1], [2, 2]], [[3, 3], [4, 4]]]
    state.neighbours = [1.5]
    state.importance = [[0.1, 0.2], [0.3, 0.4]]
    let place = ErrorEstimate.Place(layer: LayerID(1), expert: ExpertID(1), precision: .int4)
    state.staged = [place: 0.125]
    state.served = [place: ErrorEstimate.Served(sum: 3, tokens: 12)]
    state.affinity = AffinityTotals(
      expertsPerLayer: 2,
      transitions: [
        AffinityTotals.Transition(from: LayerID(0), to: LayerID(1), weights: [1, 2, 3, 4], tokens: 9, batches: 3)
      ])
    return state
  }

  @Test func whatIsWrittenIsReadBack() throws {
    let state = Self.state()
    let read = try LearnedState(bytes: state.bytes.span)
    #expect(read.bytes == state.bytes)
    #expect(read.placement == state.placement)
    #expect(read.average == state.average && read.history == state.history && read.importance == state.importance)
    #expect(read.batches == 5 && read.spanned == 2 && read.neighbours == [1.5])
    #expect(read.staged == state.staged && read.affinity == state.affinity)
    #expect(read.served.values.map { [$0.sum, $0.tokens] } == [[3, 12]])
  }

  @Test func everyTruncationAndEveryChangedByteIsRefused() {
    var bytes = Self.state().bytes
    for length in bytes.indices {
      #expect(throws: SealedError.self) { try LearnedState(bytes: bytes.span.extracting(first: length)) }
    }
    for place in bytes.indices {
      for bit in [UInt8(1), 0x10, 0x80] {
        bytes[place] ^= bit
        #expect(throws: SealedError.self) { try LearnedState(bytes: bytes.span) }
        bytes[place] ^= bit
      }
    }
  }

  /// A checksum says nothing about values: whoever writes one can write any.
  @Test func sealedNonsenseIsRefused() {
    let bytes = Self.state().bytes
    for place in 2..<bytes.count / 8 - 1 {
      for word in [UInt64.max, Double.infinity.bitPattern, (-1.0).bitPattern] {
        var words = SealedWords(mark: LearnedState.mark, version: LearnedState.formatVersion)
        for index in 2..<bytes.count / 8 - 1 {
          let kept = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[index * 8 + $1]) << (8 * $1) }
          words.append(index == place ? word : kept)
        }
        let changed = words.bytes
        #expect(throws: SealedError.self) { try LearnedState(bytes: changed.span) }
      }
    }
  }
}
