import Foundation

/// Runs `body` on a thread of its own, as a lane that stalls must be: the tasks of a test share few threads.
///
/// - Returns: What `body` returned, once.
func onOwnThread<Outcome: Sendable>(_ body: @escaping @Sendable () -> Outcome) -> AsyncStream<Outcome> {
  let (outcomes, continuation) = AsyncStream.makeStream(of: Outcome.self)
  Thread.detachNewThread {
    continuation.yield(body())
    continuation.finish()
  }
  return outcomes
}
