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
  private let bell = Doorbell()

  init(devices: Int, dimensions: ExpertDimensions) {
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
    guard count > capacity else { return }
    capacity = max(count, capacity * 2)
    // Safety: no worker has the old room, since no share is submitted.
    unsafe entries.deallocate()
    unsafe entries = Self.room(floats: capacity * stride)
  }

  // Safety: workers read both only until this returns.
  /// Hands each device its share, computes that of the core it is called on, and waits until all are done.
  func compute(on workers: [DeviceWorkers], input: UnsafePointer<Float>?, rows: UnsafePointer<Int32>?) {
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
      // Safety: the scratch is this batch's, and so this thread's.
      for run in share.runs.indices { unsafe share.compute(run, scratch: scratch.memory) }
    }
    bell.wait(lookingFor: Vigil.longestNanoseconds) { pending.load(ordering: .sequentiallyConsistent) == 0 }
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

/// What one device computes of a batch.
final class DeviceShare: @unchecked Sendable {
  // Concurrency: as its batch. The batch outlives its shares' use: it is in its executor's pool, or in use.
  // Safety: a run's weights are staged for as long as its batch is computed.
  @safe struct Run {
    let weights: ballast_expert
    let entries: Range<Int>
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
  func compute(_ index: Int, scratch: UnsafeMutableRawPointer) {
    let run = runs[index]
    // Safety: the dispatch's entries lie in the batch's room and rows, and the weights are staged until it returns.
    let next = index + 1 < runs.count ? runs[index + 1] : run
    unsafe withUnsafePointer(to: run.weights) { weights in
      unsafe withUnsafePointer(to: next.weights) { next in
        unsafe Kernels.current.expert(
          weights, next, batch.input, batch.rows.map { unsafe $0 + run.entries.lowerBound }, run.entries.count,
          batch.entries + run.entries.lowerBound * batch.stride, scratch)
      }
    }
    if unfinished.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 { batch.finishShare() }
  }
}
