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

  private var ledger: MoveLedger
  private var quality: [Double]
  private var forecaster: LayerForecaster
  private var forecasts: [LayerForecast]
  private var scores: [Double?]
  /// What links cost around a layer, while no layer changes.
  var linkTables: [LayerID: LinkTable] = [:]
  /// How an expert's tokens divide among its replicas.
  let rule: SplitRule
  /// The cost law.
  let cost: CostModel

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
    ledger = MoveLedger(bytes: current.bytesPerDevice(shape: shape, devices: topology.devices.count))
    forecaster = LayerForecaster(
      experts: shape.expertsPerLayer, topology: topology, cost: cost, rule: rule, tailShare: limits.tailShare)
    forecasts = []
    quality = []
    scores = Array(repeating: nil, count: current.layers.count)
    self.rule = rule
    self.cost = cost
    for (index, layer) in current.layers.enumerated() {
      let graph = forecaster.graph(layer)
      let forecast = forecaster.forecast(graph, estimate.tokensPerBatch[index])
      forecasts.append(forecast)
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
    let before = score(layer) + linkNanoseconds(placement[layer], at: layer)
    var best: (gain: Double, judged: Judged)?
    var weighed = 0
    for change in shortlist(layer, proposals) where weighed < Self.shortlistLength {
      let judged = judge(change)
      // What costs too much quality must not crowd out what does not.
      guard judged.quality <= max(limits.qualityBudget, quality[layer.index]) else { continue }
      weighed += 1
      let after = forecaster.score(judged.graph, layer: layer, scenarios: estimate.scenarios)
      let gain = before - after - linkNanoseconds(judged.layer, at: layer) - price(change)
      guard gain > before * 1e-9, gain > best?.gain ?? 0 else { continue }
      best = (gain, judged)
    }
    guard let best else { return false }
    apply(best.judged)
    return true
  }

  /// The proposals within limits that gain under their own scenario, those that gain most first.
  private mutating func shortlist(_ layer: LayerID, _ proposals: [Proposal]) -> [LayerChange] {
    var before: [Int: Double] = [:]
    var seen: Set<LayerChange> = []
    var weighed: [(gain: Double, change: LayerChange)] = []
    let links = linkNanoseconds(placement[layer], at: layer)
    for proposal in proposals where seen.insert(proposal.change).inserted && isAllowed(proposal.change) {
      let load = [estimate.scenarios[proposal.scenario]]
      let start =
        before[proposal.scenario]
        ?? forecaster.score(forecaster.graph(placement[layer]), layer: layer, scenarios: load)
      before[proposal.scenario] = start
      let next = placement[layer].applying(proposal.change)
      let time = forecaster.score(forecaster.graph(next), layer: layer, scenarios: load)
      let gain = start + links - time - linkNanoseconds(next, at: layer) - price(proposal.change)
      if gain > 0 { weighed.append((gain, proposal.change)) }
    }
    let order = weighed.indices.sorted { (weighed[$1].gain, $0) < (weighed[$0].gain, $1) }
    return order.prefix(Self.shortlistLength * 32).map { weighed[$0].change }
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

  /// Applies a change whatever it gains, when it is within limits; takes note when it is only a matter of what one plan
  /// may stage.
  ///
  /// - Returns: Whether the draft changed.
  mutating func take(_ change: LayerChange) -> Bool {
    guard isAllowed(change) else { return false }
    apply(judge(change))
    return true
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
    let graph: ReplicaGraph
    let forecast: LayerForecast
    let quality: Double
  }

  private mutating func judge(_ change: LayerChange) -> Judged {
    let layer = placement[change.layer].applying(change).withoutSpareStored
    let graph = forecaster.graph(layer)
    let forecast = forecaster.forecast(graph, estimate.tokensPerBatch[change.layer.index])
    return Judged(
      change: change, layer: layer, graph: graph, forecast: forecast, quality: spent(change.layer, layer, forecast))
  }

  /// What a search minimises in the layer, as the draft is; nanoseconds.
  mutating func score(_ layer: LayerID) -> Double {
    if let known = scores[layer.index] { return known }
    let score = forecaster.score(forecaster.graph(placement[layer]), layer: layer, scenarios: estimate.scenarios)
    scores[layer.index] = score
    return score
  }

  private mutating func apply(_ judged: Judged) {
    let index = judged.change.layer.index
    ledger = ledgerAfter(judged.change)
    linkTables.removeAll()
    placement.layers[index] = judged.layer
    forecasts[index] = judged.forecast
    scores[index] = nil
    quality[index] = judged.quality
  }

  private func isWithinLimits(_ change: LayerChange) -> Bool {
    let after = ledgerAfter(change)
    return after.moved <= limits.moveBytes && isWithinResidentLimits(change)
      && change.added.allSatisfy {
        $0.residency == .stored || after.staging[$0.device.index] <= limits.stagingBytes[$0.device.index]
      }
      && after.keeps(limits.moves, change) { source(of: $0, change.layer) }
  }

  /// Whether the replica's error is measured, or expected, to be beyond its bound.
  func errsTooMuch(_ replica: Replica, _ layer: LayerID) -> Bool {
    estimate.errors.error(
      layer: layer, expert: replica.expert, precision: replica.precision, full: shape.fullPrecision)
      > limits.replicaErrorBound
  }

  private func isWithinResidentLimits(_ change: LayerChange) -> Bool {
    guard !limits.pinned.bars(change) else { return false }
    guard !change.added.contains(where: { errsTooMuch($0, change.layer) }),
      placement[change.layer].keepsExperts(change)
    else { return false }
    let after = ledgerAfter(change)
    return change.added.allSatisfy { replica in
      let device = replica.device.index
      return after.resident[device] <= max(limits.residentBytes[device], ledger.resident[device])
    }
  }

  private func ledgerAfter(_ change: LayerChange) -> MoveLedger {
    var after = ledger
    for replica in change.removed {
      after.take(
        replica, layer: change.layer, bytes: bytes(replica), source: source(of: replica, change.layer),
        isStaged: mustMove(replica, change.layer))
    }
    for replica in change.added {
      after.put(
        replica, layer: change.layer, bytes: bytes(replica), source: source(of: replica, change.layer),
        isStaged: mustMove(replica, change.layer))
    }
    return after
  }

  /// The device a replica would be copied from: one of its node before others; nil when it is there already.
  private func source(of replica: Replica, _ layer: LayerID) -> DeviceID? {
    guard limits.moves.bytesPerLink < MoveBudget.unlimited else { return nil }
    let holders = current[layer].replicas(of: replica.expert).map(\.device)
    guard !holders.contains(replica.device) else { return nil }
    return holders.first { topology[$0].node == topology[replica.device].node } ?? holders.first
  }

  /// Whether having the replica takes bringing weights to its device.
  private func mustMove(_ replica: Replica, _ layer: LayerID) -> Bool {
    replica.residency == .resident && !isCurrent(replica, layer)
  }

  private func isCurrent(_ replica: Replica, _ layer: LayerID) -> Bool {
    current[layer].replicas(of: replica.expert).contains(replica)
  }

  private func bytes(_ replica: Replica) -> Int { shape.bytes(of: replica) }

  /// Nanoseconds a batch must gain for the change to pay; giving back what was to be staged earns nothing.
  mutating func price(_ change: LayerChange) -> Double {
    let staged = change.added.filter { mustMove($0, change.layer) }
    let total = staged.reduce(0) { $0 + bytes($1) }
    return Double(total) * limits.nanosecondsPerByte
      + Double(staged.count) * limits.leastGain * score(change.layer)
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
