import BallastRuntime
import Synchronization

/// Where a publication waits until serving reaches the step at which every process switches.
public final class SwitchPoint: Sendable {
  // Concurrency: one rollout at a time announces a step and waits for it; whoever serves says how far serving is. Each
  // waits for the other by a continuation, which is taken out under the lock and resumed once.
  private struct State {
    var reached: UInt64?
    var isClosed = false
    /// The step a plan under way switches at.
    var announced: UInt64?
    /// The rollout, once everything is staged.
    var rollout: CheckedContinuation<Bool, Never>?
    /// Whoever has reached the step, until the table is published.
    var server: CheckedContinuation<Void, Never>?
  }

  /// What reaching a step led to.
  public enum Outcome: Hashable, Sendable {
    /// No plan was to be switched to.
    case nothing
    /// The plan's table is published.
    case switched
    /// A plan that was to be switched to is still being staged: hold the step back, or abandon the plan everywhere.
    case notStaged
  }

  private let state = Mutex(State())

  init() {}

  /// The last step that serving has reached; nil before any was said.
  public var reached: UInt64? { state.withLock { $0.reached } }

  /// Says that serving is about to begin `step`; returns once a plan that is to be switched to there is published.
  public func reach(_ step: UInt64) async -> Outcome {
    let (outcome, rollout) = state.withLock { state -> (Outcome, CheckedContinuation<Bool, Never>?) in
      guard let announced = state.announced, announced <= step else {
        state.reached = max(step, state.reached ?? 0)
        return (.nothing, nil)
      }
      guard let rollout = state.rollout.take() else { return (.notStaged, nil) }
      state.reached = max(step, state.reached ?? 0)
      return (.switched, rollout)
    }
    guard let rollout else { return outcome }
    await withCheckedContinuation { server in
      state.withLock { $0.server = server }
      rollout.resume(returning: true)
    }
    return outcome
  }

  /// Abandons a plan that waits; returns whether one did.
  @discardableResult
  public func withdraw() -> Bool {
    let rollout = state.withLock { $0.rollout.take() }
    rollout?.resume(returning: false)
    return rollout != nil
  }

  /// Abandons a plan that waits, and every one that would wait later: nobody serves any more.
  public func close() {
    state.withLock { $0.isClosed = true }
    withdraw()
  }

  /// Takes note that a plan that is, or will be, under way switches at `step`; from now on nobody passes that step without it.
  package func announce(_ step: UInt64?) { state.withLock { $0.announced = step } }

  /// Waits until the announced step is reached.
  ///
  /// - Throws: `StagingError.cancelled`, also when serving had passed the step before it was announced.
  func wait() async throws(StagingError) {
    let (announced, reached) = state.withLock { ($0.announced, $0.reached) }
    guard let announced else { return }
    if let reached, reached >= announced { throw .cancelled }
    let isReached = await withTaskCancellationHandler {
      await withCheckedContinuation { rollout in
        let isClosed = state.withLock { state in
          state.rollout = rollout
          return state.isClosed
        }
        if isClosed || Task.isCancelled { withdraw() }
      }
    } onCancel: {
      withdraw()
    }
    guard isReached else { throw .cancelled }
  }

  /// Takes note that the plan is published or abandoned.
  package func conclude() {
    let server = state.withLock { state in
      state.announced = nil
      return state.server.take()
    }
    server?.resume()
  }
}
