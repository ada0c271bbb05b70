import BallastOperations
import Testing

@Suite struct ByteCountTests {
  @Test(arguments: [
    ("12345", 12345), ("1", 1), ("1B", 1), ("1.5GB", 1_500_000_000), ("512MiB", 512 << 20), ("512 mib", 512 << 20),
    ("2kB", 2000), ("0.5KiB", 512), ("1TiB", 1 << 40), ("9223372036854775807", Int.max),
  ])
  func reads(_ text: String, _ bytes: Int) throws {
    #expect(try ByteCount(parsing: text).bytes == bytes)
  }

  @Test(arguments: [
    ("", UnitError.notANumber(text: "")), ("GB", .notANumber(text: "GB")), ("-1", .notANumber(text: "-1")),
    ("1.2.3GB", .notANumber(text: "1.2.3GB")), (".5GB", .notANumber(text: ".5GB")), ("nan", .notANumber(text: "nan")),
    ("1.5", .fractionWithoutUnit(text: "1.5")), ("1G", .unknownUnit(text: "1G", unit: "G")),
    ("1e3", .unknownUnit(text: "1e3", unit: "e3")), ("0", .bytesOutOfRange(text: "0")),
    ("0.1B", .bytesOutOfRange(text: "0.1B")), ("9223372036854775808", .bytesOutOfRange(text: "9223372036854775808")),
    ("99999999999TiB", .bytesOutOfRange(text: "99999999999TiB")),
  ])
  func refuses(_ text: String, _ error: UnitError) {
    #expect(throws: error) { try ByteCount(parsing: text) }
    #expect(!error.description.isEmpty)
  }

  @Test func survivesEndlessDigits() {
    let digits = String(repeating: "9", count: 100_000)
    #expect(throws: UnitError.bytesOutOfRange(text: digits)) { try ByteCount(parsing: digits) }
    #expect(UnitError.bytesOutOfRange(text: digits).description.count < 200)
    #expect(throws: UnitError.bytesOutOfRange(text: digits + "GB")) { try ByteCount(parsing: digits + "GB") }
  }

  @Test(arguments: [(1, "1 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (3 << 30, "3.0 GiB"), (Int.max, "8388608.0 TiB")])
  func describes(_ bytes: Int, _ text: String) {
    #expect(ByteCount(bytes: bytes).description == text)
  }
}
