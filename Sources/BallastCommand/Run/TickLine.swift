import BallastControl
import BallastOperations

/// One tick as a line for the terminal.
struct TickLine {
  private let record: TickRecord
  private let event: ControlEvent
  private let kind: ServingArm.Kind
  private let steps: ArmFigures.Percentiles
  private let budget: Int

  init(
    _ record: TickRecord, _ event: ControlEvent, _ kind: ServingArm.Kind, _ steps: ArmFigures.Percentiles, budget: Int
  ) {
    self.record = record
    self.event = event
    self.kind = kind
    self.steps = steps
    self.budget = budget
  }

  var text: String {
    let share = fixed(Double(record.bytes) / Double(max(budget, 1)) * 100, 0)
    let mix = record.precisionShare.sorted { $0.key < $1.key }.map { "\(fixed($0.value * 100, 0))% \($0.key)" }
    return [
      "\(fixed(record.seconds, 1)) s", kind.rawValue, "\(fixed(record.tokensPerSecond, 0)) tok/s",
      "step \(fixed(steps.p50, 2))/\(fixed(steps.p99, 2)) ms",
      "imbalance \(fixed(record.expertImbalance, 2)) expert \(fixed(record.deviceImbalance, 3)) device",
      "\(share)% of budget", mix.joined(separator: " "), drift, relief, quality, resident, action,
      event.delay.map { "\($0)" } ?? "",
    ].filter { !$0.isEmpty }.joined(separator: "  ")
  }

  /// How far the routing lies from what the placement was planned for.
  private var drift: String {
    guard let drift = record.drift else { return "" }
    let risen = drift.risen.first.map { ", expert \($0.expert) of layer \($0.layer) hot and unimportant so far" } ?? ""
    return
      "drift \(fixed(drift.score, 2)) overlap \(fixed(drift.overlap, 2))\(event.isDrifting ? " DRIFTING" : "")\(risen)"
  }

  /// What waits, and how much computing is spared for it.
  private var relief: String {
    guard record.waiting > 0 || record.reliefLevel > 0 || event.relief != nil else { return "" }
    let step = event.relief.map { $0.to > $0.from ? ", spending less" : ", spending more again" } ?? ""
    return "\(record.waiting) waiting, relief \(record.reliefLevel)\(step)"
  }

  /// What served tokens show of low precision, against what staging had measured.
  private var quality: String {
    guard let found = event.quality, found.shadowedTokens > 0 else { return "" }
    let over = found.breaches.isEmpty ? "" : ", \(found.breaches.count) replicas over their bound"
    return "error \(fixed(found.drift, 2)) of what staging measured\(over)"
  }

  /// How much of what is needed is in memory, where not all is.
  private var resident: String {
    guard let resident = event.resident, resident.experts < 1 else { return "" }
    return "\(fixed(resident.need * 100, 0))% of what is needed resident"
  }

  /// What the controller did, and why.
  private var action: String {
    switch event.rollout {
    case .published(let replicas, _)?:
      let gain = event.forecast.map { (1 - $0.nanosecondsAfter / max($0.nanosecondsBefore, 1)) * 100 } ?? 0
      return "published a plan: \(replicas) replicas staged, \(fixed(gain, 1))% less expert time forecast"
    case .abandoned(let error, _)?: return "abandoned a plan: \(error)"
    case nil:
      guard event.decision == .plan else { return "\(event.decision)" }
      return "advises a plan of \(event.changes.reduce(0) { $0 + $1.added.count }) replicas"
    }
  }
}
