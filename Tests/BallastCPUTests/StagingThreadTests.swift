import BallastRuntime
import Testing

@testable import BallastCPU

@Suite struct StagingThreadTests {
  @Test func runsJobsInOrderAndEnds() throws {
    let staging = StagingThread(bytesPerSecond: nil)
    let order = Order()
    for job in 0..<5 { staging.submit { order.append(job) } }
    let thread = try WorkerThread(core: nil, nice: StagingThread.nice) { staging.work() }
    for job in 5..<10 { staging.submit { order.append(job) } }
    staging.stop()
    thread.join()
    #expect(order.jobs == Array(0..<10))
  }

  @Test func waitsOnlyWhenAheadOfItsRate() throws {
    let staging = StagingThread(bytesPerSecond: 1)
    let cancellation = Cancellation()
    // Nothing written is never ahead.
    try staging.pause(since: monotonicNanoseconds(), bytes: 0, cancellation)
    staging.bytesPerSecond = nil
    try staging.pause(since: monotonicNanoseconds(), bytes: .max, cancellation)
    staging.bytesPerSecond = -5
    #expect(staging.bytesPerSecond == 1)
    cancellation.cancel()
    #expect(throws: StagingError.cancelled) {
      try staging.pause(since: monotonicNanoseconds(), bytes: .max, cancellation)
    }
  }

  private final class Order: @unchecked Sendable {
    var jobs: [Int] = []
    func append(_ job: Int) { jobs.append(job) }
  }
}
