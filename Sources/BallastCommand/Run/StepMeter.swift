import BallastGating
import BallastServing
import Histogram
import Synchronization

/// Gathers step times of all lanes, those that met a plan being applied apart.
final class StepMeter: Sendable {
  private struct Times {
    var all = Histogram<UInt64>(highestTrackableValue: 60_000_000_000, numberOfSignificantValueDigits: .three)
    var applying = Histogram<UInt64>(highestTrackableValue: 60_000_000_000, numberOfSignificantValueDigits: .three)
    var experts = Histogram<UInt64>(highestTrackableValue: 60_000_000_000, numberOfSignificantValueDigits: .three)
    var tokens = 0
    var gating = GateTotals()
    var unmetAssignments = 0
    var mostWaiting = 0
  }

  private let times = Mutex(Times())

  /// Adds a step.
  func add(_ step: StepRecord, metPlan: Bool, waiting: Int) {
    let nanoseconds = step.duration.nanoseconds
    let expertNanoseconds = step.expertTime.nanoseconds
    times.withLock {
      $0.all.record(nanoseconds)
      $0.experts.record(expertNanoseconds)
      if metPlan { $0.applying.record(nanoseconds) }
      $0.tokens += step.prefillTokens + step.decodeTokens
      $0.gating.add(step.gating)
      $0.unmetAssignments += step.unmetAssignments
      $0.mostWaiting = max($0.mostWaiting, waiting)
    }
  }

  /// Tokens so far.
  var tokens: Int { times.withLock { $0.tokens } }

  /// The most requests that waited after a step.
  var mostWaiting: Int { times.withLock { $0.mostWaiting } }

  /// What the gates chose, and how many of those choices met no replica exact enough.
  var gating: (totals: GateTotals, unmetAssignments: Int) { times.withLock { ($0.gating, $0.unmetAssignments) } }

  /// Percentiles of all steps, in milliseconds.
  var percentiles: ArmFigures.Percentiles { times.withLock { Self.percentiles($0.all) } }

  /// Percentiles of the time steps spent on experts, in milliseconds.
  var expertPercentiles: ArmFigures.Percentiles { times.withLock { Self.percentiles($0.experts) } }

  /// Steps so far.
  var steps: Int { times.withLock { Int($0.all.totalCount) } }

  /// Percentiles and number of the steps that met a plan.
  var whileApplying: (percentiles: ArmFigures.Percentiles?, steps: Int) {
    times.withLock {
      let count = Int($0.applying.totalCount)
      return (count > 0 ? Self.percentiles($0.applying) : nil, count)
    }
  }

  private static func percentiles(_ histogram: Histogram<UInt64>) -> ArmFigures.Percentiles {
    func milliseconds(_ percentile: Double) -> Double { Double(histogram.valueAtPercentile(percentile)) / 1e6 }
    return ArmFigures.Percentiles(p50: milliseconds(50), p99: milliseconds(99), p999: milliseconds(99.9))
  }
}

extension Duration {
  /// Whole nanoseconds; 0 of a negative duration.
  fileprivate var nanoseconds: UInt64 {
    UInt64(max(0, components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000))
  }
}
