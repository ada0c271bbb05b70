import CBallastKernels
import Synchronization
import Testing

@testable import BallastCPU

@Suite struct WorkerThreadTests {
  @Test func staysOnItsCore() throws {
    let cores = WorkerThread.availableCores
    let last = try #require(cores.last)
    let seen = Seen()
    let thread = try WorkerThread(core: last) {
      for core in 0..<Int(BALLAST_CORES) where ballast_may_use_core(core) != 0 {
        seen.cores.withLock { $0.append(core) }
      }
    }
    thread.join()
    #expect(seen.cores.withLock { $0 } == [last])
    #expect(WorkerThread.availableCores == cores)
  }

  @Test func leavesACoreUnlessItIsTheLast() throws {
    let cores = WorkerThread.availableCores
    let seen = Seen()
    let thread = try WorkerThread(core: nil) {
      for core in cores { _ = ballast_leave_core(core) }
      for core in cores where ballast_may_use_core(core) != 0 { seen.cores.withLock { $0.append(core) } }
    }
    thread.join()
    #expect(seen.cores.withLock { $0 } == cores.suffix(1))
    #expect(WorkerThread.availableCores == cores)
  }

  private final class Seen: Sendable {
    let cores = Mutex<[Int]>([])
  }
}
