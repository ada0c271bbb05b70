import Synchronization
import Testing

@testable import BallastCPU

@Suite struct DoorbellTests {
  /// Two threads hand a number back and forth; a lost wake-up would stop them for ever.
  @Test func losesNoWakeUp() throws {
    let bell = Doorbell()
    let turns = Turns()
    let other = try WorkerThread(core: nil) {
      for turn in 0..<2_000 {
        bell.wait { turns.count.load(ordering: .sequentiallyConsistent) == 2 * turn + 1 }
        turns.count.add(1, ordering: .sequentiallyConsistent)
        bell.ring()
      }
    }
    for turn in 0..<2_000 {
      turns.count.add(1, ordering: .sequentiallyConsistent)
      bell.ring()
      bell.wait { turns.count.load(ordering: .sequentiallyConsistent) == 2 * turn + 2 }
    }
    other.join()
    #expect(turns.count.load(ordering: .relaxed) == 4_000)
  }

  private final class Turns: Sendable {
    let count = Atomic<Int>(0)
  }
}
