import Foundation
import Testing

@testable import BallastC

extension BlockingCalls {
  @Suite struct MonitorTests {
    @Test func whoWaitsHearsOfAChange() {
      let monitor = Monitor(0)
      Thread.detachNewThread { for value in 1...3 { monitor.withLock { $0 = value } } }
      #expect(monitor.wait { $0 == 3 ? "three" : nil } == "three")
    }

    @Test func aWaitEndsWithItsTime() {
      let monitor = Monitor(0)
      #expect(monitor.wait(milliseconds: 0) { $0 == 1 ? true : nil } == nil)
      #expect(monitor.wait(milliseconds: 1001) { $0 == 0 ? true : nil } == true)
    }

    @Test func asynchronousWorkIsWaitedFor() {
      #expect(blocking { await Task.detached { 7 }.value } == 7)
    }
  }
}
