public import BallastRuntime

/// A placement being improved: what it is, what may still be spent, and how it is judged.
///
/// Passes change it only by `improve` and `replace`, so no draft ever exceeds a limit.
public struct PlacementDraft: Sendable {
  /// The model.
  public let shape: ModelShape
  /// The devices.
  public let topology: Topology
  /// What is expected of the next batches.
  public let estimate: LoadEstimate
  /// What must be kept within.
  public let limits: PlanningLimits
  /// The placement so far.
  public private(set) var placement: Placement
  /// The placement as it is.
  public let current: Placement

  private var ledger: Ledger
  private var quality: [Double]
  private var forecaster: LayerForecaster
  private var forecasts: [LayerForecast]
  private var scores: [Double]

  init(
    from current: Placement, shape: ModelShape, topology: Topology, cost: CostModel, estimate: LoadEstimate,
    limits: PlanningLimits, rule: SplitRule
  ) {
    self.shape = shape
    self.topology = topology
    self.estimate = estimate
    self.limits = limits
    self.current = current
    placement = current
    ledger = Ledger(bytes: current.bytesPerDevice(shape: shape, devices: topology.devices.count))
    forecaster = LayerForecaster(experts: shape.expertsPerLayer, topology: topology, cost: cost, rule: rule)
    forecasts = []
    quality = []
    scores = []
    for (index, layer) in current.layers.enumerated() {
      let graph = forecaster.graph(layer)
      let forecast = forecaster.forecast(graph, estimate.tokensPerBatch[index])
      forecasts.append(forecast)
      scores.append(forecaster.score(graph, layer: LayerID(index), scenarios: estimate.scenarios))
      quality.append(spent(LayerID(index), layer, forecast))
    }
  }

  /// Whether a change was passed over because this plan may stage no more; another plan may take it up.
  private(set) var isCutShort = false

  /// Changes that are weighed under every scenario.
  private static let shortlistLength = 8

  /// Bytes staged so far.
  public var bytesMoved: Int { ledger.moved }

  /// How the layer's expected batch divides over the draft.
  func forecast(_ layer: LayerID) -> LayerForecast { forecasts[layer.index] }

  /// The layer under the scenarios that suit it least.
  mutating func surveys(_ layer: LayerID) -> [LayerSurvey] {
    let graph = forecaster.graph(placement[layer])
    var forecasts: [LayerForecast] = []
    for scenario in estimate.scenarios {
      forecasts.append(forecaster.forecast(graph, scenario.tokensPerBatch[layer.index]))
    }
    let worst = forecasts.indices.sorted {
      (forecasts[$1].imbalance, $0) < (forecasts[$0].imbalance, $1)
    }
    return worst.prefix(Self.surveyedScenarios).map {
      LayerSurvey(layer, self, scenario: $0, forecast: forecasts[$0])
    }
  }

  /// Scenarios a pass looks at for proposals.
  private static let surveyedScenarios = 3

  /// Layers, those with most to gain first.
  var layersByExcess: [LayerID] {
    let excess = forecasts.map { $0.longest - $0.deviceTimes.reduce(0, +) / Double(max($0.deviceTimes.count, 1)) }
    return excess.indices.sorted { (excess[$1], $0) < (excess[$0], $1) }.map { LayerID($0) }
  }

  /// Σ importance share · relative output error of the layer, over the tokens each replica is expected to meet.
  func qualitySpent(_ layer: LayerID) -> Double { quality[layer.index] }

  /// Bytes left on a device once the draft is applied.
  func residentRoom(_ device: DeviceID) -> Int { limits.residentBytes[device.index] - ledger.resident[device.index] }

  /// Applies the proposal that gains most for its price, if any gains more than its price.
  ///
  /// Every proposal is weighed under the scenario that suggested it; the best of them then under all.
  ///
  /// - Returns: Whether the draft changed.
  mutating func improve(_ layer: LayerID, _ proposals: [Proposal]) -> Bool {
    let before = scores[layer.index]
    var best: (gain: Double, judged: Judged)?
    for change in shortlist(layer, proposals) {
      let judged = judge(change)
      let gain = before - judged.score - price(change)
      guard gain > before * 1e-9, gain > best?.gain ?? 0 else { continue }
      guard judged.quality <= max(limits.qualityBudget, quality[layer.index]) else { continue }
      best = (gain, judged)
    }
    guard let best else { return false }
    apply(best.judged)
    return true
  }

  /// The proposals within limits that gain most under their own scenario.
  private mutating func shortlist(_ layer: LayerID, _ proposals: [Proposal]) -> [LayerChange] {
    var before: [Int: Double] = [:]
    var seen: Set<LayerChange> = []
    var weighed: [(gain: Double, change: LayerChange)] = []
    for proposal in proposals where seen.insert(proposal.change).inserted && isAllowed(proposal.change) {
      let load = [estimate.scenarios[proposal.scenario]]
      let start =
        before[proposal.scenario]
        ?? forecaster.score(forecaster.graph(placement[layer]), layer: layer, scenarios: load)
      before[proposal.scenario] = start
      let graph = forecaster.graph(placement[layer].applying(proposal.change))
      let gain = start - forecaster.score(graph, layer: layer, scenarios: load) - price(proposal.change)
      if gain > 0 { weighed.append((gain, proposal.change)) }
    }
    let order = weighed.indices.sorted { (weighed[$1].gain, $0) < (weighed[$0].gain, $1) }
    return order.prefix(Self.shortlistLength).map { weighed[$0].change }
  }

  /// Whether a change is within limits; takes note when it is only a matter of what one plan may stage.
  private mutating func isAllowed(_ change: LayerChange) -> Bool {
    guard !isWithinLimits(change) else { return true }
    if isWithinResidentLimits(change) { isCutShort = true }
    return false
  }

  /// Applies a change that relieves the layer's busiest replica by more than its price, and at least by a share of
  /// its time.
  ///
  /// The change keeps the limits and does not lengthen the layer.
  ///
  /// - Returns: Whether the draft changed.
  mutating func relieve(_ change: LayerChange, by share: Double) -> Bool {
    guard isAllowed(change) else { return false }
    let index = change.layer.index
    let before = forecasts[index].busiestReplica
    let judged = judge(change)
    let gain = before - judged.forecast.busiestReplica
    guard gain > share * before, gain > price(change) else { return false }
    guard judged.quality <= max(limits.qualityBudget, quality[index]) else { return false }
    guard careful(judged.layer, change.layer) <= careful(placement.layers[index], change.layer) * 1.001 else {
      return false
    }
    apply(judged)
    return true
  }

  /// A layer's score with the replicas of each expert chosen with care, so that a copy more never looks worse.
  private mutating func careful(_ placement: LayerPlacement, _ layer: LayerID) -> Double {
    forecaster.score(forecaster.graph(placement), layer: layer, scenarios: estimate.scenarios, effort: .full)
  }

  /// The layer under the average load.
  func survey(_ layer: LayerID) -> LayerSurvey {
    LayerSurvey(layer, self, scenario: max(0, estimate.scenarios.count - 1), forecast: forecasts[layer.index])
  }

  /// Applies a change whatever it gains, when it is within limits.
  ///
  /// - Returns: Whether the draft changed.
  @discardableResult
  mutating func replace(_ change: LayerChange) -> Bool {
    guard isWithinLimits(change) else { return false }
    apply(judge(change))
    return true
  }

  /// A change and what becomes of its layer.
  private struct Judged {
    let change: LayerChange
    let layer: LayerPlacement
    let forecast: LayerForecast
    let score: Double
    let quality: Double
  }

  private mutating func judge(_ change: LayerChange) -> Judged {
    let layer = placement[change.layer].applying(change)
    let graph = forecaster.graph(layer)
    let forecast = forecaster.forecast(graph, estimate.tokensPerBatch[change.layer.index])
    let score = forecaster.score(graph, layer: change.layer, scenarios: estimate.scenarios)
    return Judged(
      change: change, layer: layer, forecast: forecast, score: score, quality: spent(change.layer, layer, forecast))
  }

  private mutating func apply(_ judged: Judged) {
    let index = judged.change.layer.index
    ledger = ledgerAfter(judged.change)
    placement.layers[index] = judged.layer
    forecasts[index] = judged.forecast
    scores[index] = judged.score
    quality[index] = judged.quality
  }

  private func isWithinLimits(_ change: LayerChange) -> Bool {
    let after = ledgerAfter(change)
    return after.moved <= limits.moveBytes && isWithinResidentLimits(change)
      && change.added.allSatisfy { after.staging[$0.device.index] <= limits.stagingBytes[$0.device.index] }
  }

  /// Whether the replica's error is measured, or expected, to be beyond its bound.
  func errsTooMuch(_ replica: Replica, _ layer: LayerID) -> Bool {
    estimate.errors.error(
      layer: layer, expert: replica.expert, precision: replica.precision, full: shape.fullPrecision)
      > limits.replicaErrorBound
  }

  private func isWithinResidentLimits(_ change: LayerChange) -> Bool {
    guard !change.added.contains(where: { errsTooMuch($0, change.layer) }) else { return false }
    let after = ledgerAfter(change)
    return change.added.allSatisfy { replica in
      let device = replica.device.index
      return after.resident[device] <= max(limits.residentBytes[device], ledger.resident[device])
    }
  }

  private func ledgerAfter(_ change: LayerChange) -> Ledger {
    var after = ledger
    for replica in change.removed {
      after.take(replica.device, bytes: bytes(replica), isStaged: !isCurrent(replica, change.layer))
    }
    for replica in change.added {
      after.put(replica.device, bytes: bytes(replica), isStaged: !isCurrent(replica, change.layer))
    }
    return after
  }

  private func isCurrent(_ replica: Replica, _ layer: LayerID) -> Bool {
    current[layer].replicas(of: replica.expert).contains(replica)
  }

  private func bytes(_ replica: Replica) -> Int { shape.bytesPerExpert[replica.precision] }

  /// Nanoseconds a batch must gain for the change to pay; giving back what was to be staged earns nothing.
  private func price(_ change: LayerChange) -> Double {
    let staged = change.added.filter { !isCurrent($0, change.layer) }
    let total = staged.reduce(0) { $0 + bytes($1) }
    return Double(total) * limits.nanosecondsPerByte
      + Double(staged.count) * limits.leastGain * scores[change.layer.index]
  }

  private func spent(_ layer: LayerID, _ placement: LayerPlacement, _ forecast: LayerForecast) -> Double {
    var sum = 0.0
    for (index, replica) in placement.replicas.enumerated() where !replica.precision.satisfies(shape.fullPrecision) {
      let load = estimate.tokensPerBatch[layer.index][replica.expert.index]
      let share = load > 0 ? forecast.replicaTokens[index] / load : 0
      let error = estimate.errors.error(
        layer: layer, expert: replica.expert, precision: replica.precision, full: shape.fullPrecision)
      sum += share * estimate.importance[layer.index][replica.expert.index] * error
    }
    return sum
  }
}

/// A change, and the scenario that suggested it.
struct Proposal {
  let change: LayerChange
  /// An index into the estimate's scenarios.
  let scenario: Int
}

/// Bytes of a draft, device by device.
private struct Ledger {
  /// Once the draft is applied.
  var resident: [Int]
  /// While it is being applied: what is there, and what is staged beside it.
  var staging: [Int]
  /// Staged in all.
  var moved = 0

  init(bytes: [Int]) {
    resident = bytes
    staging = bytes
  }

  mutating func put(_ device: DeviceID, bytes: Int, isStaged: Bool) {
    resident[device.index] += bytes
    guard isStaged else { return }
    staging[device.index] += bytes
    moved += bytes
  }

  mutating func take(_ device: DeviceID, bytes: Int, isStaged: Bool) {
    put(device, bytes: -bytes, isStaged: isStaged)
  }
}
