import Glibc
import Synchronization

/// Holds a thread until it is opened.
final class Gate: Sendable {
  private let isOpen = Atomic(false)

  func open() { isOpen.store(true, ordering: .releasing) }

  /// Blocks the thread, as a lane that computes does.
  func wait() {
    while !isOpen.load(ordering: .acquiring) { usleep(100) }
  }
}
