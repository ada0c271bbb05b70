import BallastRuntime
import Testing

@Suite struct SealedWordsPlacementTests {
  private static let placement = Placement(layers: [
    LayerPlacement([
      Replica(expert: ExpertID(0), device: DeviceID(1), precision: .int8),
      Replica(expert: ExpertID(1), device: DeviceID(0), precision: .bfloat16, residency: .stored),
    ])
  ])

  @Test func precisionAndResidencyAreReadBack() throws {
    var words = SealedWords(mark: 7, version: 1)
    words.append(Self.placement)
    let bytes = words.bytes
    var reader = try SealedReader(bytes.span, mark: 7, version: 1)
    #expect(try reader.placement(layers: 1, experts: 2, devices: 2) == Self.placement)
  }

  @Test func unknownResidenciesAreRefused() throws {
    var words = SealedWords(mark: 7, version: 1)
    words.append(1)
    words.append(1)
    words.append(UInt64(2) << 56)
    let bytes = words.bytes
    var reader = try SealedReader(bytes.span, mark: 7, version: 1)
    #expect(throws: SealedError.outOfRange("a residency", value: "2", allowed: "0 and 1")) {
      try reader.placement(layers: 1, experts: 1, devices: 1)
    }
  }
}
