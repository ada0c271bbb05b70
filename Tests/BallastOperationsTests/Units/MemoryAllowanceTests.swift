import BallastOperations
import Testing

@Suite struct MemoryAllowanceTests {
  @Test(arguments: [
    ("0.8", MemoryAllowance.share(0.8)), ("80%", .share(0.8)), ("1.0", .share(1)), ("4.0", .share(4)),
    ("400%", .share(4)),
    ("12345", .bytes(12345)), ("1", .bytes(1)), ("1.5GB", .bytes(1_500_000_000)), ("512MiB", .bytes(512 << 20)),
  ])
  func reads(_ text: String, _ budget: MemoryAllowance) throws {
    #expect(try MemoryAllowance(parsing: text) == budget)
  }

  @Test(arguments: ["", "%", "-5%", "0.0", "0%", "4.1", "401%", "nan", "inf%", "0x1.8", "1.2.3", "1,5", "eighty", "."])
  func refuses(_ text: String) {
    #expect(throws: UnitError.self) { try MemoryAllowance(parsing: text) }
  }

  @Test func namesTheAllowedShares() {
    #expect(throws: UnitError.shareOutOfRange(text: "4.1", allowed: 0.01...4)) { try MemoryAllowance(parsing: "4.1") }
    #expect(UnitError.shareOutOfRange(text: "4.1", allowed: 0.01...4).description.contains("0.01 to 4.0"))
  }

  @Test func turnsIntoBytes() {
    #expect(MemoryAllowance.share(0.5).bytes(fullBytes: 1001) == 500)
    #expect(MemoryAllowance.bytes(7).bytes(fullBytes: 1001) == 7)
    #expect(MemoryAllowance.share(4).bytes(fullBytes: Int.max) == Int.max)
  }
}
