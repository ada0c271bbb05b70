import Glibc
import Synchronization

/// Wakes threads that wait for a condition, with a brief look before they sleep.
@safe final class Doorbell: @unchecked Sendable {
  // Concurrency: a sleeper counts itself, then looks at the condition, then sleeps, all under the lock; a ringer has
  // made the condition true before it looks for sleepers. Either the sleeper sees the condition or the ringer sees it.
  // Safety: lock and signal are allocated and initialised for the life of this object.
  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let signal = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let sleepers = Atomic<Int>(0)

  /// How long a thread looks before it sleeps: short, since another thread may need its core.
  private static let lookNanoseconds: UInt64 = 2_000

  init() {
    // Safety: fresh memory, initialised once.
    unsafe pthread_mutex_init(lock, nil)
    unsafe pthread_cond_init(signal, nil)
  }

  deinit {
    // Safety: whoever waits holds a reference, so nobody waits.
    unsafe pthread_cond_destroy(signal)
    unsafe pthread_mutex_destroy(lock)
    unsafe signal.deallocate()
    unsafe lock.deallocate()
  }

  /// Returns when `isDone` answers true.
  func wait(until isDone: () -> Bool) {
    let end = monotonicNanoseconds() + Self.lookNanoseconds
    repeat {
      if isDone() { return }
    } while monotonicNanoseconds() < end
    // Safety: the lock is initialised and released on the way out.
    unsafe pthread_mutex_lock(lock)
    sleepers.add(1, ordering: .sequentiallyConsistent)
    while !isDone() { unsafe pthread_cond_wait(signal, lock) }
    sleepers.subtract(1, ordering: .sequentiallyConsistent)
    unsafe pthread_mutex_unlock(lock)
  }

  /// Has everybody who waits look again.
  func ring() {
    guard sleepers.load(ordering: .sequentiallyConsistent) > 0 else { return }
    // Safety: as above; a sleeper cannot be between its look and its sleep while the lock is held.
    unsafe pthread_mutex_lock(lock)
    unsafe pthread_cond_broadcast(signal)
    unsafe pthread_mutex_unlock(lock)
  }
}

/// Nanoseconds of a clock that never steps back.
func monotonicNanoseconds() -> UInt64 {
  var time = timespec()
  // Safety: the call writes one value.
  unsafe clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
}
