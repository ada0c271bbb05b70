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

  /// Bytes staged so far.
  public var bytesMoved: Int { ledger.moved }

  /// How the layer's expected batch divides over the draft.
  func forecast(_ layer: LayerID) -> LayerForecast { forecasts[layer.index] }

  /// How one scenario's batch divides over the draft.
  mutating func forecast(_ layer: LayerID, scenario: LoadScenario) -> LayerForecast {
    forecaster.forecast(placement[layer], tokens: scenario.tokensPerBatch[layer.index])
  }

  /// Layers, those with most to gain first.
  var layersByExcess: [LayerID] {
    let excess = forecasts.map { $0.longest - $0.deviceTimes.reduce(0, +) / Double(max($0.deviceTimes.count, 1)) }
    return excess.indices.sorted { (excess[$1], $0) < (excess[$0], $1) }.map { LayerID($0) }
  }

  /// Σ importance share · relative output error of the layer, over the tokens each replica is expected to meet.
  func qualitySpent(_ layer: LayerID) -> Double { quality[layer.index] }

  /// Bytes left on a device once the draft is applied.
  func residentRoom(_ device: DeviceID) -> Int { limits.residentBytes[device.index] - ledger.resident[device.index] }

  /// Applies the change that gains most for its price, if any gains more than its price.
  ///
  /// - Returns: Whether the draft changed.
  mutating func improve(_ layer: LayerID, _ candidates: [LayerChange]) -> Bool {
    let before = scores[layer.index]
    var best: (gain: Double, judged: Judged)?
    for change in candidates where isWithinLimits(change) {
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
    guard after.moved <= limits.moveBytes else { return false }
    return change.added.allSatisfy { replica in
      let device = replica.device.index
      return after.staging[device] <= limits.stagingBytes[device]
        && after.resident[device] <= max(limits.residentBytes[device], ledger.resident[device])
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
    let staged = change.added.filter { !isCurrent($0, change.layer) }.reduce(0) { $0 + bytes($1) }
    return Double(staged) * limits.nanosecondsPerByte
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
