import Glibc

/// A value behind a lock, on whose changes threads can wait.
@safe final class Monitor<State: Sendable>: @unchecked Sendable {
  // Safety: the lock and the condition stay in place for the life of the monitor; the state is reached only by the
  // thread that holds the lock.
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>
  private var state: State

  init(_ state: State) {
    self.state = state
    // Safety: both are initialised once, before anyone can use them.
    unsafe lock = .allocate(capacity: 1)
    unsafe changed = .allocate(capacity: 1)
    unsafe pthread_mutex_init(lock, nil)
    var attributes = pthread_condattr_t()
    unsafe pthread_condattr_init(&attributes)
    unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    unsafe pthread_cond_init(changed, &attributes)
    unsafe pthread_condattr_destroy(&attributes)
  }

  deinit {
    // Safety: nobody waits on what nobody refers to.
    unsafe pthread_cond_destroy(changed)
    unsafe pthread_mutex_destroy(lock)
    unsafe changed.deallocate()
    unsafe lock.deallocate()
  }

  /// Reads or changes the state; whoever waits looks again.
  func withLock<Outcome>(_ body: (inout State) -> Outcome) -> Outcome {
    // Safety: the lock is held while the state is reached.
    unsafe pthread_mutex_lock(lock)
    defer {
      unsafe pthread_cond_broadcast(changed)
      unsafe pthread_mutex_unlock(lock)
    }
    return body(&state)
  }

  /// Waits until `body` gives a value; nil when that takes longer than `milliseconds`, if they are given.
  func wait<Outcome>(milliseconds: Int? = nil, _ body: (inout State) -> Outcome?) -> Outcome? {
    var deadline = timespec()
    // Safety: the calls fill in a local value, and the lock is held whenever the state is reached.
    if let milliseconds {
      unsafe clock_gettime(CLOCK_MONOTONIC, &deadline)
      deadline.tv_sec += milliseconds / 1000
      deadline.tv_nsec += milliseconds % 1000 * 1_000_000
      if deadline.tv_nsec >= 1_000_000_000 {
        deadline.tv_sec += 1
        deadline.tv_nsec -= 1_000_000_000
      }
    }
    unsafe pthread_mutex_lock(lock)
    defer { unsafe pthread_mutex_unlock(lock) }
    while true {
      if let outcome = body(&state) { return outcome }
      if milliseconds == nil {
        unsafe pthread_cond_wait(changed, lock)
      } else if unsafe pthread_cond_timedwait(changed, lock, &deadline) != 0 {
        return body(&state)
      }
    }
  }
}

/// Runs asynchronous work and waits for it; for threads that may block.
func blocking<Outcome: Sendable>(_ body: @escaping @Sendable () async -> Outcome) -> Outcome {
  let done = Monitor<Outcome?>(nil)
  Task.detached {
    let outcome = await body()
    done.withLock { $0 = outcome }
  }
  while true {
    if let outcome = done.wait({ $0 }) { return outcome }
  }
}
