import BallastRuntime
import Foundation
import Synchronization

/// A thread that serves one step after another, and sorts their times by what happened beside them.
final class PauseLane: Sendable {
  /// What goes on beside serving.
  enum Surroundings: Int, Sendable {
    /// Warming up; times are dropped.
    case unmeasured
    /// Nothing.
    case quiet
    /// Plans are applied.
    case plans
    /// The lane shall end.
    case over
  }

  /// What a lane measured.
  struct Times: Sendable {
    var quiet = StepTimes()
    var plans = StepTimes()
    var error: ExecutionError?
  }

  private let surroundings = Atomic<Int>(Surroundings.unmeasured.rawValue)
  private let path: ServingPath
  private let batches: [Selection]
  private let input: [Float]

  /// A lane that serves `batches` in turn, each through every layer, with inputs of `hidden` values a token.
  init(path: ServingPath, batches: [Selection], hidden: Int) {
    self.path = path
    self.batches = batches
    let tokens = batches.map(\.tokenCount).max() ?? 0
    input = (0..<tokens * hidden).map { Float($0 % 31 - 15) / 16 }
  }

  /// Says what goes on beside serving from now on.
  func enter(_ surroundings: Surroundings) { self.surroundings.store(surroundings.rawValue, ordering: .relaxed) }

  /// Serves on a thread of its own, which calls `ready` first, until `over`.
  func run(_ ready: @escaping @Sendable () -> Void) async -> Result<Times, BenchError> {
    await withCheckedContinuation { done in
      let thread = Thread { [self] in
        ready()
        do throws(LaneError) {
          var lane = try path.makeLane()
          done.resume(returning: .success(serve(&lane)))
        } catch {
          done.resume(returning: .failure(.unmade("\(error)")))
        }
      }
      thread.start()
    }
  }

  private var current: Surroundings { Surroundings(rawValue: surroundings.load(ordering: .relaxed)) ?? .over }

  private func serve(_ lane: inout Lane) -> Times {
    let clock = ContinuousClock()
    var times = Times()
    var output = input
    var turn = 0
    var before = current
    while before != .over {
      let begun = clock.now
      do throws(ExecutionError) {
        try step(&lane, batches[turn % batches.count], input, &output)
      } catch {
        times.error = error
        return times
      }
      let duration = clock.now - begun
      let after = current
      // A step that saw the surroundings change is counted where plans are.
      switch before == after ? before : .plans {
      case .quiet: times.quiet.add(duration)
      case .plans where before != .unmeasured: times.plans.add(duration)
      default: break
      }
      before = after
      turn += 1
    }
    return times
  }

  private func step(_ lane: inout Lane, _ batch: Selection, _ input: [Float], _ output: inout [Float])
    throws(ExecutionError)
  {
    let input = input.span
    var output = output.mutableSpan
    for layer in 0..<path.executor.shape.layers {
      try lane.serve(batch, layer: LayerID(layer), input: input, output: &output)
    }
  }
}
