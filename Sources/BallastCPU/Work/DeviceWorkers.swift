import CBallastKernels
import Synchronization

/// One device's workers, each pinned to a core, and the batches that wait for them.
final class DeviceWorkers: Sendable {
  // Concurrency: runs are claimed one by one under the queue's lock, so several workers share a batch and no worker
  // holds a share whose runs are all claimed by others. Shares are served in the order they came.
  // A serving thread that runs on a device's only core computes the device's share itself (`Batch.compute`): the worker
  // could not run before that thread sleeps.
  private let queue = Mutex(Queue())
  private let unclaimed = Atomic<Int>(0)
  private let isStopped = Atomic<Bool>(false)
  private let bell = Doorbell()

  /// The core of each worker.
  let cores: [Int]

  init(cores: [Int]) { self.cores = cores }

  private struct Queue {
    var shares: [DeviceShare] = []
    var next = 0
  }

  /// Queues a share; its batch is told when it is done.
  func submit(_ share: DeviceShare) {
    share.begin()
    queue.withLock { $0.shares.append(share) }
    unclaimed.add(share.runs.count, ordering: .sequentiallyConsistent)
    bell.ring()
  }

  /// What a worker's thread does until `stop`.
  func work(_ dimensions: ExpertDimensions) {
    let scratch = KernelScratch(dimensions)
    var vigil = Vigil()
    while let (share, run) = claim(&vigil) { share.compute(run, scratch) }
  }

  /// Lets the workers return once nothing waits.
  func stop() {
    isStopped.store(true, ordering: .sequentiallyConsistent)
    bell.ring()
  }

  private func claim(_ vigil: inout Vigil) -> (DeviceShare, Int)? {
    while true {
      if let claimed = takeNext() { return claimed }
      if isStopped.load(ordering: .sequentiallyConsistent) { return nil }
      let idle = monotonicNanoseconds()
      bell.wait(lookingFor: vigil.lookNanoseconds) {
        unclaimed.load(ordering: .sequentiallyConsistent) > 0 || isStopped.load(ordering: .sequentiallyConsistent)
      }
      vigil.met(afterNanoseconds: monotonicNanoseconds() - idle)
    }
  }

  private func takeNext() -> (DeviceShare, Int)? {
    guard unclaimed.load(ordering: .relaxed) > 0 else { return nil }
    return queue.withLock { queue in
      guard let share = queue.shares.first else { return nil }
      let run = queue.next
      queue.next += 1
      if queue.next == share.runs.count {
        queue.shares.removeFirst()
        queue.next = 0
      }
      unclaimed.subtract(1, ordering: .sequentiallyConsistent)
      return (share, run)
    }
  }
}

/// Room a kernel works in.
@safe final class KernelScratch {
  // Safety: one thread uses it at a time; owned.
  let memory: UnsafeMutableRawPointer
  private var packed: (start: UnsafeMutableRawPointer, bytes: Int)?

  init(_ dimensions: ExpertDimensions) {
    unsafe memory = UnsafeMutableRawPointer.allocate(
      byteCount: ballast_scratch_bytes(dimensions.hidden, dimensions.inner), alignment: 64)
  }

  deinit {
    // Safety: allocated here.
    unsafe memory.deallocate()
    if let packed = unsafe packed { unsafe packed.start.deallocate() }
  }

  // Safety: whoever asks is done with what was there before.
  /// Room for one packed expert on a cache line boundary, there from the first time it is asked for.
  func room(bytes: Int) -> UnsafeMutableRawPointer {
    if let packed = unsafe packed {
      if unsafe packed.bytes >= bytes { return unsafe packed.start }
      unsafe packed.start.deallocate()
    }
    let start = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    unsafe packed = unsafe (start, bytes)
    return unsafe start
  }
}
