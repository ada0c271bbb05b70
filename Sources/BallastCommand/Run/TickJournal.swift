import Ballast
import BallastControl
import BallastOperations
import BallastRuntime
import Foundation
import Synchronization

/// One tick of an arm, as the journal keeps it.
struct TickRecord: Sendable {
  let pair: Int
  let isAdaptive: Bool
  let seconds: Double
  let tokensPerSecond: Double
  let expertImbalance: Double
  let deviceImbalance: Double
  let bytes: Int
  let precisionShare: [String: Double]
  let isPlan: Bool
  /// Requests that had arrived and waited.
  let waiting: Int
  /// How much computing tokens were spared; 0 is nothing.
  let reliefLevel: Int
  /// How far the routing lay from what was planned for; nil when nobody shows it or no window was filled.
  let drift: RoutingDrift?
}

/// Follows both arms tick by tick: prints a line each, keeps what plots need, and watches the configuration file.
final class TickJournal: Sendable {
  private struct State {
    var ticks: [TickRecord] = []
    var loads: [LoadTotals] = []
    var pair = 0
    var meter = StepMeter()
    var lastTokens = 0
    var lastTime = ContinuousClock.now
    var lastImbalance = ImbalanceTotals()
    var file: ConfigurationFile?
  }

  private let state = Mutex(State())
  private let begun = ContinuousClock.now
  private let prints: Bool

  private let showsDrift: Bool

  init(prints: Bool, showsDrift: Bool) {
    self.prints = prints
    self.showsDrift = showsDrift
  }

  /// Every tick of the adaptive arm so far.
  var ticks: [TickRecord] { state.withLock { $0.ticks } }

  /// Follows an arm from now on.
  func watch(_ arm: ServingArm, configuration file: ConfigurationFile? = nil) {
    if let file { state.withLock { $0.file = file } }
    arm.balancer.observe { [weak arm] event in
      guard let arm else { return }
      if file != nil { self.reload(arm) }
      self.note(event, arm)
    }
  }

  /// A new pair begins.
  func begin(pair: Int) { state.withLock { $0.pair = pair } }

  /// An arm's turn begins.
  func begin(_ arm: ServingArm, meter: StepMeter) {
    state.withLock {
      $0.meter = meter
      $0.lastTokens = 0
      $0.lastTime = .now
      $0.lastImbalance = arm.balancer.samples.imbalance
    }
  }

  /// The adaptive arm's loads at each of its ticks since this was last asked.
  func takeLoads() -> [LoadTotals] {
    state.withLock { state in
      defer { state.loads = [] }
      return state.loads
    }
  }

  private func note(_ event: ControlEvent, _ arm: ServingArm) {
    let statistics = arm.balancer.statistics
    let samples = arm.balancer.samples.imbalance
    let line = state.withLock { state -> String in
      let now = ContinuousClock.now
      let tokens = state.meter.tokens
      let imbalance = samples.since(state.lastImbalance)
      let record = TickRecord(
        pair: state.pair, isAdaptive: arm.kind == .adaptive, seconds: (now - begun) / .seconds(1),
        tokensPerSecond: Double(tokens - state.lastTokens) / max((now - state.lastTime) / .seconds(1), 1e-9),
        expertImbalance: imbalance.expert / max(imbalance.batches, 1),
        deviceImbalance: imbalance.device / max(imbalance.batches, 1),
        bytes: statistics.memory.reduce(0) { $0 + $1.replicaBytes },
        precisionShare: statistics.placement.precisionShare,
        isPlan: event.rollout != nil, waiting: arm.waiting, reliefLevel: event.reliefLevel,
        drift: showsDrift ? event.drift : nil)
      state.ticks.append(record)
      if arm.kind == .adaptive { state.loads.append(arm.balancer.load) }
      state.lastTokens = tokens
      state.lastTime = now
      state.lastImbalance = samples
      let budget = statistics.budgetBytesPerDevice.reduce(0, +)
      return TickLine(record, event, arm.kind, state.meter.percentiles, budget: budget).text
    }
    if prints { print(line) }
  }

  /// Takes in a change of the configuration file; an invalid one is said and the last good one stays.
  private func reload(_ arm: ServingArm) {
    guard let change = state.withLock({ $0.file?.poll() }) else { return }
    switch change {
    case .unchanged: break
    case .changed(let configuration):
      print("configuration: \(arm.apply(configuration) ?? "changed, in force from the next tick")")
    case .refused(let error): print("configuration: refused, the last good one stays: \(error)")
    }
  }
}
