import BallastRuntime
import Synchronization

/// A load behind a handle.
final class SharedLoad: Sendable {
  let totals: Mutex<LoadTotals>

  init(_ totals: LoadTotals) { self.totals = Mutex(totals) }
}
