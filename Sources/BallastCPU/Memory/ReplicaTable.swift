import BallastRuntime
import Synchronization

/// Handles of staged replicas: found in O(1) without a lock, safe to look up when stale or made up.
@safe final class ReplicaTable: @unchecked Sendable {
  // Safety: slots below `used` are initialised; `used` only grows, and is published after them.
  // Concurrency:
  // - One slot is one atomic word, the slot's generation above the address, so a handle matches whole or not at all.
  // - `insert` writes a replica before it publishes its word with release; `find` loads with acquire.
  // - `remove` clears the word; that no lane still computes with the replica is the caller's promise.
  private let slots: UnsafeMutablePointer<Atomic<UInt64>>
  private let capacity: Int
  private let used = Atomic<Int>(0)
  private let book = Mutex(Book())

  private struct Book {
    var free: [UInt32] = []
    var generations: [UInt32] = []
  }

  private static let indexBits: UInt32 = 20
  private static let generations: UInt32 = 1 << 12
  private static let addressBits: UInt64 = 52

  /// Room for as many replicas as could ever be staged, at most 2²⁰.
  init(capacity: Int) {
    self.capacity = min(max(capacity, 1), 1 << Int(Self.indexBits))
    // Safety: memory of untouched slots is never read.
    unsafe slots = UnsafeMutablePointer.allocate(capacity: self.capacity)
  }

  deinit {
    removeAll()
    // Safety: atomics of words need no deinitialising; nobody can look up any more.
    unsafe slots.deallocate()
  }

  /// Publishes a replica.
  ///
  /// - Returns: Its handle; nil when the table is full.
  func insert(_ replica: PackedReplica) -> UInt32? {
    book.withLock { book in
      guard let index = takeSlot(&book) else { return nil }
      let generation = book.generations[Int(index)]
      // Safety: the entry is initialised before its address is published, and freed by `take`.
      let entry = UnsafeMutablePointer<PackedReplica>.allocate(capacity: 1)
      unsafe entry.initialize(to: replica)
      let word = UInt64(UInt(bitPattern: entry)) | UInt64(generation) << Self.addressBits
      unsafe slots[Int(index)].store(word, ordering: .releasing)
      return generation << Self.indexBits | index
    }
  }

  /// The replica a handle names; nil when it is stale or never was.
  func find(_ handle: UInt32) -> UnsafePointer<PackedReplica>? {
    let index = Int(handle & ((1 << Self.indexBits) - 1))
    guard index < used.load(ordering: .acquiring) else { return nil }
    // Safety: slots below `used` are initialised, and a word holds an address only while its entry lives.
    let word = unsafe slots[index].load(ordering: .acquiring)
    guard word >> Self.addressBits == UInt64(handle >> Self.indexBits) else { return nil }
    return unsafe UnsafePointer(bitPattern: UInt(word & ((1 << Self.addressBits) - 1)))
  }

  /// Takes a replica out; nil when the handle is stale.
  func remove(_ handle: UInt32) -> PackedReplica? {
    book.withLock { book in
      guard unsafe find(handle) != nil else { return nil }
      return take(handle & ((1 << Self.indexBits) - 1), &book)
    }
  }

  private func removeAll() {
    book.withLock { book in
      for index in 0..<used.load(ordering: .acquiring) { take(UInt32(index), &book)?.free() }
    }
  }

  /// Empties a slot; its next tenant gets another generation, so that old handles stay stale.
  private func take(_ index: UInt32, _ book: inout Book) -> PackedReplica? {
    // Safety: as `find`; the entry is deallocated after its word is cleared.
    let word = unsafe slots[Int(index)].exchange(0, ordering: .acquiringAndReleasing)
    guard let entry = unsafe UnsafeMutablePointer<PackedReplica>(bitPattern: UInt(word & ((1 << Self.addressBits) - 1)))
    else { return nil }
    let replica = unsafe entry.move()
    unsafe entry.deallocate()
    book.generations[Int(index)] = (book.generations[Int(index)] + 1) % Self.generations
    book.free.append(index)
    return replica
  }

  private func takeSlot(_ book: inout Book) -> UInt32? {
    if let index = book.free.popLast() { return index }
    let index = book.generations.count
    guard index < capacity else { return nil }
    book.generations.append(0)
    // Safety: the slot is fresh and inside the allocation.
    unsafe (slots + index).initialize(to: Atomic<UInt64>(0))
    used.store(index + 1, ordering: .releasing)
    return UInt32(index)
  }
}
