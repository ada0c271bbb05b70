import CBallast
import Synchronization

/// Every lane of the process, reached without a lock by one thread at a time.
@safe struct LaneSlots: ~Copyable, @unchecked Sendable {
  // Safety: slots are allocated once and never freed; an object is reached only by whoever made its slot busy.
  // Concurrency:
  // - A slot's word says whether it is free, idle or busy, and which generation it is in. Whoever turns idle into busy
  //   owns the slot until it turns it back.
  // - Destroying a busy lane only marks it; the thread that uses it lets it go when it is done.
  // Safety: whoever made the word busy owns the slot, and alone reads or writes `lane`.
  @unsafe private struct Slot: ~Copyable {
    let word = Atomic<UInt64>(0)
    var lane: Unmanaged<ServedLane>?
  }

  private enum State {
    static let idle: UInt64 = 1
    static let busy: UInt64 = 2
    static let doomed: UInt64 = 3
    static let mask: UInt64 = 3
  }

  private static var kind: UInt64 { 2 }
  // Safety: allocated once, never freed.
  private let slots: UnsafeMutablePointer<Slot>
  private let free: Mutex<[Int]>

  /// The most lanes a process may have.
  static var limit: Int { 65_536 }

  init() {
    // Safety: every slot is initialised before it is used.
    unsafe slots = .allocate(capacity: Self.limit)
    for index in 0..<Self.limit { unsafe (slots + index).initialize(to: Slot()) }
    free = Mutex(Array((0..<Self.limit).reversed()))
  }

  /// Names a lane.
  func add(_ lane: ServedLane) throws(Refusal) -> UInt64 {
    guard let index = free.withLock({ $0.popLast() }) else {
      throw Refusal(BALLAST_LIMIT_REACHED, "the process has \(Self.limit) lanes, which is the limit; destroy some")
    }
    // Safety: a slot that was free belongs to whoever popped it.
    let generation = (unsafe slots[index].word.load(ordering: .relaxed) >> 2 + 1) & 0xfff_ffff
    unsafe slots[index].lane = Unmanaged.passRetained(lane)
    unsafe slots[index].word.store(generation << 2 | State.idle, ordering: .releasing)
    return Self.kind << 60 | generation << 32 | UInt64(index)
  }

  /// Lends the lane to the calling thread alone.
  @inline(__always)
  func with(_ handle: UInt64, _ body: (ServedLane) throws(Refusal) -> Void) throws(Refusal) {
    let (index, generation) = try place(handle)
    try acquire(index, generation, handle)
    var refusal: Refusal?
    // Safety: this thread owns the slot until it is released.
    if let lane = unsafe slots[index].lane {
      unsafe lane._withUnsafeGuaranteedRef { lane in
        do throws(Refusal) { try body(lane) } catch { refusal = error }
      }
    }
    release(index, generation)
    if let refusal { throw refusal }
  }

  /// Lets a lane go; a busy one only when `whenBusy` says so, once its thread is done.
  func remove(_ handle: UInt64, whenBusy: Bool) throws(Refusal) {
    let (index, generation) = try place(handle)
    while true {
      do throws(Refusal) {
        try acquire(index, generation, handle)
        return dispose(index, generation)
      } catch {
        guard whenBusy, error.status == BALLAST_LANE_BUSY else { throw error }
        // Safety: `place` has seen that the index is one of a slot; the word is atomic.
        let marked = unsafe slots[index].word.compareExchange(
          expected: generation << 2 | State.busy, desired: generation << 2 | State.doomed,
          ordering: .acquiringAndReleasing)
        if marked.exchanged || marked.original & State.mask == State.doomed { return }
      }
    }
  }

  @inline(__always)
  private func place(_ handle: UInt64) throws(Refusal) -> (index: Int, generation: UInt64) {
    let index = Int(handle & 0xffff_ffff)
    guard handle >> 60 == Self.kind, index < Self.limit else { throw stale(handle) }
    return (index, handle >> 32 & 0xfff_ffff)
  }

  @inline(__always)
  private func acquire(_ index: Int, _ generation: UInt64, _ handle: UInt64) throws(Refusal) {
    // Safety: `place` has seen that the index is one of a slot; the word is atomic.
    let (exchanged, original) = unsafe slots[index].word.compareExchange(
      expected: generation << 2 | State.idle, desired: generation << 2 | State.busy, ordering: .acquiring)
    guard exchanged else {
      guard original == generation << 2 | State.busy else { throw stale(handle) }
      throw Refusal(BALLAST_LANE_BUSY, "another thread uses the lane; give each thread a lane of its own")
    }
  }

  @inline(__always)
  private func release(_ index: Int, _ generation: UInt64) {
    // Safety: `place` has seen that the index is one of a slot; the word is atomic.
    let isIdle = unsafe slots[index].word.compareExchange(
      expected: generation << 2 | State.busy, desired: generation << 2 | State.idle, ordering: .releasing
    ).exchanged
    if !isIdle { dispose(index, generation) }
  }

  private func dispose(_ index: Int, _ generation: UInt64) {
    // Safety: this thread owns the slot; the reference is taken out before the slot is free.
    let lane = unsafe slots[index].lane.take()
    unsafe slots[index].word.store(generation << 2, ordering: .releasing)
    unsafe lane?.release()
    free.withLock { $0.append(index) }
  }

  @inline(never)
  private func stale(_ handle: UInt64) -> Refusal {
    Refusal(BALLAST_STALE_HANDLE, "\(handle) is no lane that exists; it was destroyed, or is of another kind")
  }
}
