import BallastRuntime
import Testing

@Suite struct SealedReaderTests {
  private func reader(_ content: UInt64...) throws -> SealedReader {
    var words = SealedWords(mark: 1, version: 1)
    words.append(content)
    let bytes = words.bytes
    return try SealedReader(bytes.span, mark: 1, version: 1)
  }

  @Test func aWholeNumberOutsideItsRangeIsNamed() throws {
    var wild = try reader(.max, 9)
    #expect(throws: SealedError.outOfRange("layers", value: "\(UInt64.max)", allowed: "1 to 8")) {
      try wild.integer("layers", in: 1...8)
    }
    #expect(throws: SealedError.outOfRange("layers", value: "9", allowed: "1 to 8")) {
      try wild.integer("layers", in: 1...8)
    }
  }

  @Test func aCountBeyondTheBytesIsRefused() throws {
    var short = try reader(3, 1, 1)
    #expect(throws: SealedError.self) { try short.count("windows", most: .max) }
    var whole = try reader(2, 1, 1)
    #expect(try whole.count("windows", most: .max) == 2)
    #expect(throws: SealedError.self) { try whole.numbers("a load", count: 3, in: 0...1) }
  }

  @Test(arguments: [Double.nan, .infinity, -1, 1.5]) func aNumberOutsideItsRangeIsRefused(_ value: Double) throws {
    var reader = try reader(value.bitPattern)
    #expect(throws: SealedError.self) { try reader.number("a share", in: 0...1) }
  }

  @Test func whatIsLeftOverIsRefused() throws {
    var reader = try reader(1)
    #expect(throws: SealedError.length(bytes: 32)) { try reader.finish() }
    _ = try reader.word()
    try reader.finish()
  }
}
