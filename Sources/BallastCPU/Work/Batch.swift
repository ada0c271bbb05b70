import BallastRuntime
import CBallastKernels
import Synchronization

/// One batch on its way through the devices: what every device shall compute, and room for what they answer.
///
/// Batches are reused, so that a serving thread allocates nothing once it has seen its largest.
@safe final class Batch: @unchecked Sendable {
  // Concurrency: the serving thread fills it, submits its shares, and does not touch it before every share is done;
  // in between, workers only read it, and write entries that no other run has.
  // Safety: `input` and `rows` are lent by the serving thread, which waits; `entries` is owned.

  /// `[entry][stride]`: what the experts answer.
  private(set) var entries: UnsafeMutablePointer<Float>
  /// Floats from one entry to the next.
  let stride: Int
  /// `[token][hidden]`, what the experts read.
  private(set) var input: UnsafePointer<Float>?
  /// `[entry]`: the token's row.
  private(set) var rows: UnsafePointer<Int32>?

  private(set) var shares: [DeviceShare] = []
  private var capacity = 0
  /// What the serving thread computes in.
  private let scratch: KernelScratch
  private let pending = Atomic<Int>(0)
  private let stored: StoredExperts
  /// Whether a run meets a stored replica.
  var meetsStored = false
  private let failed = Mutex<ExecutionError?>(nil)
  private let bell = Doorbell()

  init(devices: Int, stored: StoredExperts) {
    let dimensions = stored.reader.dimensions
    self.stored = stored
    stride = dimensions.paddedHidden
    scratch = KernelScratch(dimensions)
    // Safety: the room is this batch's alone until `begin` replaces it.
    unsafe entries = Self.room(floats: 0)
    shares = (0..<devices).map { _ in DeviceShare(batch: self) }
  }

  deinit {
    // Safety: the executor outlives every worker that could write here.
    unsafe entries.deallocate()
  }

  /// Empties the shares and makes room for `count` entries.
  func begin(entries count: Int) {
    for share in shares { share.runs.removeAll(keepingCapacity: true) }
    meetsStored = false
    guard count > capacity else { return }
    capacity = max(count, capacity * 2)
    // Safety: no worker has the old room, since no share is submitted.
    unsafe entries.deallocate()
    unsafe entries = Self.room(floats: capacity * stride)
  }

  // Safety: workers read both only until this returns.
  /// Hands each device its share, computes that of the core it is called on, and waits until all are done.
  ///
  /// - Throws: `ExecutionError.storedUnreadable`; entries are unspecified then.
  func compute(
    on workers: [DeviceWorkers], input: UnsafePointer<Float>?, rows: UnsafePointer<Int32>?
  ) throws(ExecutionError) {
    unsafe self.input = unsafe input
    unsafe self.rows = unsafe rows
    pending.store(shares.count { !$0.runs.isEmpty }, ordering: .relaxed)
    let core = Int(ballast_current_core())
    let own = workers.indices.first { workers[$0].cores == [core] && !shares[$0].runs.isEmpty }
    for device in workers.indices where device != own && !shares[device].runs.isEmpty {
      workers[device].submit(shares[device])
    }
    if let own {
      let share = shares[own]
      share.begin()
      // The scratch is this batch's, and so this thread's.
      for run in share.runs.indices { share.compute(run, scratch) }
    }
    bell.wait(lookingFor: Vigil.longestNanoseconds) { pending.load(ordering: .sequentiallyConsistent) == 0 }
    guard meetsStored, let error = failed.withLock({ $0.take() }) else { return }
    throw error
  }

  // Safety: the room is `scratch`'s, which is the calling thread's until the run is computed.
  /// Brings in the weights of a stored replica; nil, and noted, when they cannot be read.
  fileprivate func fetch(_ replica: StoredReplica, _ scratch: KernelScratch) -> ballast_expert? {
    do throws(StagingError) {
      return try unsafe stored.fetch(
        layer: replica.layer, expert: replica.expert, into: scratch.room(bytes: stored.roomBytes))
    } catch {
      failed.withLock { $0 = .storedUnreadable(layer: replica.layer, expert: replica.expert) }
      return nil
    }
  }

  /// Called by the worker that finished a share's last run.
  func finishShare() {
    if pending.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 { bell.ring() }
  }

  // Safety: who asks deallocates it.
  private static func room(floats: Int) -> UnsafeMutablePointer<Float> {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: max(floats, 1) * MemoryLayout<Float>.stride, alignment: 64)
    // Safety: fresh memory of that size; kernels write an entry before anybody reads it.
    return unsafe memory.bindMemory(to: Float.self, capacity: max(floats, 1))
  }
}

/// A replica whose weights are fetched when a run meets it.
struct StoredReplica {
  let layer: LayerID
  let expert: ExpertID
}

/// What one device computes of a batch.
final class DeviceShare: @unchecked Sendable {
  // Concurrency: as its batch. The batch outlives its shares' use: it is in its executor's pool, or in use.
  // Safety: a run's weights are staged for as long as its batch is computed.
  @safe struct Run {
    let weights: ballast_expert
    let entries: Range<Int>
    /// What to fetch instead of `weights`; nil when those are in place.
    var stored: StoredReplica?
  }

  unowned let batch: Batch
  /// The runs, in the dispatch's order.
  var runs: [Run] = []
  private let unfinished = Atomic<Int>(0)

  init(batch: Batch) { self.batch = batch }

  /// Says that all its runs are yet to be computed.
  func begin() { unfinished.store(runs.count, ordering: .relaxed) }

  // Safety: each worker brings scratch of its own.
  /// Computes one run.
  func compute(_ index: Int, _ scratch: KernelScratch) {
    let run = runs[index]
    let next = index + 1 < runs.count && runs[index + 1].stored == nil ? runs[index + 1] : run
    if let stored = run.stored {
      if let weights = unsafe batch.fetch(stored, scratch) {
        unsafe compute(run.entries, weights, next: next.stored == nil ? next.weights : weights, scratch)
      }
    } else {
      unsafe compute(run.entries, run.weights, next: next.weights, scratch)
    }
    if unfinished.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 { batch.finishShare() }
  }

  // Safety: the weights stay in place until it returns.
  private func compute(
    _ entries: Range<Int>, _ weights: ballast_expert, next: ballast_expert, _ scratch: KernelScratch
  ) {
    // Safety: the dispatch's entries lie in the batch's room and rows.
    unsafe withUnsafePointer(to: weights) { weights in
      unsafe withUnsafePointer(to: next) { next in
        unsafe Kernels.current.expert(
          weights, next, batch.input, batch.rows.map { unsafe $0 + entries.lowerBound }, entries.count,
          batch.entries + entries.lowerBound * batch.stride, scratch.memory)
      }
    }
  }
}
