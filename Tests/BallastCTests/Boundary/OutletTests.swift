import CBallast
import Testing

@testable import BallastC

@Suite struct OutletTests {
  private func status(_ body: () throws -> Void) -> Int? {
    do { try body() } catch { return (error as? Refusal)?.status }
    return nil
  }

  @Test func writesWhereItMay() throws {
    var value: UInt64 = 1
    try Outlet(&value, "value").set(7)
    #expect(value == 7)
    #expect(try Outlet<UInt64>.wanted(nil, "value") == nil)
  }

  @Test func refusesNullAndWhatIsNotAligned() {
    #expect(status { _ = try Outlet<UInt64>(nil, "value") } == BALLAST_BAD_POINTER)
    let odd = UnsafeMutablePointer<UInt64>(bitPattern: 0x1001)
    #expect(status { _ = try Outlet(odd, "value") } == BALLAST_BAD_POINTER)
    #expect(status { _ = try Outlet.wanted(odd, "value") } == BALLAST_BAD_POINTER)
  }

  @Test func aStructureOfAnEarlierVersionIsWrittenAsFarAsItGoes() throws {
    var steps = [ballast_step(), ballast_step()]
    steps[0].size = 56
    steps[0].switch_step = 1234
    var step = ballast_step()
    (step.kind, step.bytes, step.switch_step) = (3, 99, 5)
    try steps.withUnsafeMutableBufferPointer { try SizedOutlet($0.baseAddress).set(step) }
    #expect(steps[0].size == 56 && steps[0].kind == 3 && steps[0].bytes == 99)
    #expect(steps[0].switch_step == 1234)
    steps[1].size = 64
    try steps.withUnsafeMutableBufferPointer { try SizedOutlet($0.baseAddress.map { $0 + 1 }).set(step) }
    #expect(steps[1].size == 64 && steps[1].switch_step == 5)
  }

  @Test(arguments: [UInt32(0), 55, 57, 60, 65, .max]) func aSizeThatIsNotKnownIsRefused(_ size: UInt32) {
    var step = ballast_step()
    step.size = size
    #expect(status { _ = try SizedOutlet(&step) } == BALLAST_BAD_SIZE)
  }
}
