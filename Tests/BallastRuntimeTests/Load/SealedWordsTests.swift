import BallastRuntime
import Testing

@Suite struct SealedWordsTests {
  private func sealed() -> [UInt8] {
    var words = SealedWords(mark: 7, version: 2)
    words.append(3)
    words.append([0.5, 1.5])
    return words.bytes
  }

  @Test func whatIsWrittenIsReadBack() throws {
    let bytes = sealed()
    var reader = try SealedReader(bytes.span, mark: 7, version: 2)
    #expect(reader.left == 3)
    #expect(try reader.integer("a count", in: 0...3) == 3)
    #expect(try reader.numbers("a share", count: 2, in: 0...2) == [0.5, 1.5])
    try reader.finish()
    #expect(throws: SealedError.length(bytes: bytes.count)) { try reader.word() }
  }

  @Test func anyChangeOfAByteIsSeen() {
    var bytes = sealed()
    for place in bytes.indices {
      for bit in 0..<8 {
        bytes[place] ^= 1 << bit
        #expect(throws: SealedError.self) { try SealedReader(bytes.span, mark: 7, version: 2) }
        bytes[place] ^= 1 << bit
      }
    }
  }

  @Test func everyTruncationIsSeen() {
    let bytes = sealed()
    for length in bytes.indices {
      #expect(throws: SealedError.self) { try SealedReader(bytes.span.extracting(first: length), mark: 7, version: 2) }
    }
  }

  @Test func anotherKindAndAnotherVersionAreNamed() {
    let bytes = sealed()
    #expect(throws: SealedError.anotherKind) { try SealedReader(bytes.span, mark: 8, version: 2) }
    #expect(throws: SealedError.version(2, known: 3)) { try SealedReader(bytes.span, mark: 7, version: 3) }
  }

  @Test func aPlacementIsReadBackAndChecked() throws {
    let layer = LayerPlacement([
      Replica(expert: ExpertID(0), device: DeviceID(1), precision: .int8),
      Replica(expert: ExpertID(1), device: DeviceID(0), precision: .bfloat16),
    ])
    let placement = Placement(layers: [layer, layer])
    var words = SealedWords(mark: 7, version: 2)
    words.append(placement)
    let bytes = words.bytes
    var reader = try SealedReader(bytes.span, mark: 7, version: 2)
    #expect(try reader.placement(layers: 2, experts: 2, devices: 2) == placement)
    for (layers, experts, devices) in [(3, 2, 2), (2, 3, 2), (2, 1, 2), (2, 2, 1)] {
      var reader = try SealedReader(bytes.span, mark: 7, version: 2)
      #expect(throws: SealedError.self) { try reader.placement(layers: layers, experts: experts, devices: devices) }
    }
  }
}
