import Ballast
import BallastControl
import BallastOperations
import BallastRuntime
import BallastServing
import Foundation

/// Both arms, taking turns on the same request lists.
struct Comparison {
  /// What a comparison yields: figures, and what plots need.
  struct Outcome {
    let result: RunResult
    /// Every tick of the adaptive arm, in order.
    let ticks: [TickRecord]
  }

  private let settings: RunSettings
  private let fixed: ServingArm
  private let adaptive: ServingArm
  private let journal: TickJournal

  /// Stages both arms.
  init(_ settings: RunSettings, watching file: ConfigurationFile?, prints: Bool) async throws(InputError) {
    self.settings = settings
    let weights = DecoderWeights(settings.checkpoint)
    fixed = try await ServingArm(.static, settings, weights: weights)
    adaptive = try await ServingArm(.adaptive, settings, weights: weights)
    journal = TickJournal(prints: prints, showsDrift: settings.traffic.drift)
    journal.watch(fixed)
    journal.watch(adaptive, configuration: file)
  }

  /// Warms both arms up, then lets them take turns.
  func run() async throws(InputError) -> Outcome {
    defer {
      fixed.close()
      adaptive.close()
    }
    let warm = try workload(128 * settings.lanes, seed: ~settings.seed).requests
    print(RunHeader(settings, adaptive).text)
    let pace = try await warmUp(warm)
    var alternations: [RunResult.Alternation] = []
    var windows: [[[[Int]]]] = []
    for pair in 0..<settings.pairs {
      let list = try workload(pace.requests, seed: settings.seed &+ UInt64(pair)).requests
      let arrivals = pace.surge?.arrivals(requests: list.count, seed: settings.seed &+ UInt64(pair))
      journal.begin(pair: pair)
      // Each pair turns the order around, so that neither arm always meets the machine first.
      let first = pair % 2 == 0 ? fixed : adaptive
      let second = pair % 2 == 0 ? adaptive : fixed
      let before = adaptive.balancer.load
      let one = try await serve(first, list, arrivals: arrivals)
      let two = try await serve(second, list, arrivals: arrivals)
      windows += TrafficWindows.cut(journal.takeLoads(), after: before)
      alternations.append(
        pair % 2 == 0
          ? RunResult.Alternation(static: one, adaptive: two) : RunResult.Alternation(static: two, adaptive: one))
    }
    let simulated = try await SimulatedTraffic(windows, settings).result()
    return Outcome(result: RunResult(alternations, simulated: simulated), ticks: journal.ticks)
  }

  private func serve(
    _ arm: ServingArm, _ list: [Request], arrivals: [Duration]? = nil, isCounted: Bool = true
  ) async throws(InputError) -> ArmFigures {
    let meter = StepMeter()
    journal.begin(arm, meter: meter)
    return try await arm.serve(list, arrivals: arrivals, isCounted: isCounted, meter: meter)
  }

  /// Requests of a turn, and when they arrive.
  private struct Pace {
    let requests: Int
    /// Nil when they are there as fast as they are served.
    let surge: Surge?
  }

  /// Serves `list` on both arms, uncounted, and says how many requests a turn should have.
  private func warmUp(_ list: [Request]) async throws(InputError) -> Pace {
    let begun = ContinuousClock.now
    let figures = try await serve(fixed, list, isCounted: false)
    _ = try await serve(adaptive, list, isCounted: false)
    let spent = (ContinuousClock.now - begun) / .seconds(1)
    let bytes = list.reduce(0) { $0 + $1.bytes.count - 1 }
    let turn = max(0.2, (settings.seconds - spent) / Double(2 * settings.pairs))
    let perRequest = Double(bytes) / Double(list.count)
    let perSecond = figures.tokensPerSecond / perRequest
    let surge = settings.traffic.surge.flatMap { Surge(perSecond: perSecond, factor: $0) }
    return Pace(
      requests: max(settings.lanes * 16, surge?.requests(seconds: turn) ?? Int(turn * perSecond)), surge: surge)
  }

  private func workload(_ requests: Int, seed: UInt64) throws(InputError) -> Workload {
    var configuration = WorkloadConfiguration(requests: requests)
    configuration.contextBytes = settings.contextBytes
    configuration.seed = seed
    if settings.traffic.drift { (configuration.transition, configuration.dominantShare) = (.abrupt, 1) }
    return try input { () throws(WorkloadError) in
      try Workload(texts: settings.texts, configuration: configuration, lengths: settings.lengths)
    }
  }
}
