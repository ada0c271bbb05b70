import CBallastKernels
import Glibc
import Synchronization

/// Wakes threads that wait for a condition, which look for a while before they sleep.
@safe final class Doorbell: @unchecked Sendable {
  // Safety: the count lives as long as this object, and whoever waits holds a reference.
  // Concurrency: a ringer makes the condition true, counts its ring, then looks for sleepers. A sleeper reads the
  // count, counts itself, looks at the condition, and sleeps only while the count is what it read. Either the sleeper
  // sees the condition, or the ringer sees the sleeper and the count has changed.
  // Safety: as above.
  private let rings = UnsafeMutablePointer<Atomic<UInt32>>.allocate(capacity: 1)
  private let sleepers = Atomic<Int>(0)

  /// How long a thread looks if it is told nothing: short, since another may need its core.
  static let lookNanoseconds: UInt64 = 2_000

  init() {
    // Safety: fresh memory, initialised once.
    unsafe rings.initialize(to: Atomic(0))
  }

  deinit {
    // Safety: nobody waits; an atomic number needs no deinitialising.
    unsafe rings.deallocate()
  }

  /// Returns when `isDone` answers true.
  func wait(lookingFor nanoseconds: UInt64 = lookNanoseconds, until isDone: () -> Bool) {
    let end = monotonicNanoseconds() + nanoseconds
    repeat {
      if isDone() { return }
      ballast_rest()
    } while monotonicNanoseconds() < end
    sleepers.add(1, ordering: .sequentiallyConsistent)
    while true {
      // Safety: the count is initialised.
      let heard = unsafe rings.pointee.load(ordering: .sequentiallyConsistent)
      if isDone() { break }
      unsafe ballast_sleep_while(UnsafeRawPointer(rings), heard)
    }
    sleepers.subtract(1, ordering: .sequentiallyConsistent)
  }

  /// Has everybody who waits look again.
  func ring() {
    // Safety: the count is initialised.
    unsafe rings.pointee.add(1, ordering: .sequentiallyConsistent)
    guard sleepers.load(ordering: .sequentiallyConsistent) > 0 else { return }
    unsafe ballast_wake_all(UnsafeRawPointer(rings))
  }
}

/// Nanoseconds of a clock that never steps back.
func monotonicNanoseconds() -> UInt64 {
  var time = timespec()
  // Safety: the call writes one value.
  unsafe clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
}
