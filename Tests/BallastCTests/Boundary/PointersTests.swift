import CBallast
import Testing

@testable import BallastC

@Suite struct PointersTests {
  private func status(_ body: () throws -> Void) -> Int? {
    do { try body() } catch { return (error as? Refusal)?.status }
    return nil
  }

  @Test func anArrayIsReadInPlace() throws {
    let values: [Int32] = [3, 4, 5]
    try values.withUnsafeBufferPointer { values in
      let read = try span(values.baseAddress, 2, "values")
      #expect(read.count == 2 && read[1] == 4)
    }
    #expect(try span(nil as UnsafePointer<Int32>?, 0, "values").isEmpty)
  }

  @Test func nullAndWhatIsNotAlignedAreRefused() {
    #expect(status { _ = try span(nil as UnsafePointer<Int32>?, 1, "values").count } == BALLAST_BAD_POINTER)
    let odd = UnsafePointer<Int32>(bitPattern: 0x1002)
    #expect(status { _ = try span(odd, 1, "values").count } == BALLAST_BAD_POINTER)
    #expect(status { _ = try span(UnsafeRawPointer(odd), of: Int64.self, 1, "values").count } == BALLAST_BAD_POINTER)
    #expect(
      status { _ = try mutableSpan(nil as UnsafeMutablePointer<Int32>?, 1, "values").count } == BALLAST_BAD_POINTER)
  }

  @Test func nothingIsWrittenBeyondTheCapacity() throws {
    var (target, count) = ([UInt8](repeating: 9, count: 4), UInt64(0))
    #expect(
      status { try write([1, 2, 3], to: &target, capacity: 2, count: &count, "target") } == BALLAST_BUFFER_TOO_SMALL)
    #expect(target == [9, 9, 9, 9] && count == 3)
    try write([1, 2, 3], to: &target, capacity: 3, count: &count, "target")
    #expect(target == [1, 2, 3, 9])
    #expect(status { try write([1], to: nil, capacity: 3, count: &count, "target") } == BALLAST_BAD_POINTER)
    #expect(status { try write([1], to: &target, capacity: 3, count: nil, "target") } == BALLAST_BAD_POINTER)
    try write([UInt8](), to: nil, capacity: 0, count: &count, "target")
    #expect(count == 0)
  }

  @Test func aTextEndsWithinItsLimit() throws {
    #expect(try text("settings", limit: 8, "text") == "settings")
    #expect(try text(nil, limit: 8, "text") == "")
    #expect(status { _ = try text("settings!", limit: 8, "text") } == BALLAST_BAD_VALUE)
    #expect(status { _ = try text([-1, 0] as [CChar], limit: 8, "text") } == BALLAST_BAD_VALUE)
  }
}
