import BallastRuntime
import Glibc
import Synchronization

/// The background thread that stages: below the serving threads in priority, no faster than told.
final class StagingThread: Sendable {
  // Concurrency: jobs wait in a locked queue; the rate is one atomic word, read between pieces.
  private let jobs = Mutex<[@Sendable () -> Void]>([])
  private let bell = Doorbell()
  private let isStopped = Atomic<Bool>(false)
  private let rate: Atomic<Int>

  /// How far below serving threads it stands.
  static let nice: Int32 = 10
  /// The longest sleep between two looks at cancellation.
  private static let longestSleepNanoseconds: UInt64 = 5_000_000

  init(bytesPerSecond: Int?) { rate = Atomic(bytesPerSecond ?? .max) }

  /// The most bytes a second; nil for as fast as it can.
  var bytesPerSecond: Int? {
    get {
      let rate = rate.load(ordering: .relaxed)
      return rate == .max ? nil : rate
    }
    set { rate.store(max(1, newValue ?? .max), ordering: .relaxed) }
  }

  /// Queues a job.
  func submit(_ job: @escaping @Sendable () -> Void) {
    jobs.withLock { $0.append(job) }
    bell.ring()
  }

  /// What the thread does until `stop`.
  func work() {
    while true {
      if let job = jobs.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
        job()
        continue
      }
      if isStopped.load(ordering: .sequentiallyConsistent) { return }
      bell.wait {
        isStopped.load(ordering: .sequentiallyConsistent) || jobs.withLock { !$0.isEmpty }
      }
    }
  }

  /// Lets the thread return once nothing waits.
  func stop() {
    isStopped.store(true, ordering: .sequentiallyConsistent)
    bell.ring()
  }

  /// Sleeps until `bytes` written since `start` are within the rate.
  ///
  /// - Throws: `StagingError.cancelled`.
  func pause(since start: UInt64, bytes: Int, _ cancellation: Cancellation) throws(StagingError) {
    while true {
      if cancellation.isCancelled { throw .cancelled }
      let rate = rate.load(ordering: .relaxed)
      let due = Double(bytes) / Double(rate) * 1e9
      let passed = Double(monotonicNanoseconds() - start)
      guard rate < .max, due > passed else { return }
      sleep(nanoseconds: UInt64(min(due - passed, Double(Self.longestSleepNanoseconds))))
    }
  }

  private func sleep(nanoseconds: UInt64) {
    var time = timespec(tv_sec: 0, tv_nsec: Int(nanoseconds))
    // Safety: the call reads one value.
    _ = unsafe nanosleep(&time, nil)
  }
}

/// Whether the task that waits for a job still wants it.
final class Cancellation: Sendable {
  private let flag = Atomic<Bool>(false)

  var isCancelled: Bool { flag.load(ordering: .relaxed) }

  func cancel() { flag.store(true, ordering: .relaxed) }
}
