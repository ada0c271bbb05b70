import Glibc

/// Tells whether the thread has waited since the watch began: whether it gave up its core of its own accord.
///
/// A lock that is held, or memory that must be fetched, makes a thread give up its core. Being pushed off it by the
/// system does not count, nor does long work: neither is waiting.
struct WaitWatch {
  private let begun = ContinuousClock.now
  private let switches = Self.voluntarySwitches()

  /// Whether the thread gave up its core, and longer than `limit` has passed.
  func hasWaited(longerThan limit: Duration) -> Bool {
    ContinuousClock.now - begun > limit && Self.voluntarySwitches() > switches
  }

  private static func voluntarySwitches() -> Int {
    var usage = rusage()
    // The header states `RUSAGE_THREAD` as a macro.
    let thread: Int32 = 1
    // Safety: the call fills in one value.
    return unsafe getrusage(thread, &usage) == 0 ? usage.ru_nvcsw : 0
  }
}
