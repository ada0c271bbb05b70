import Ballast
import BallastCPU
import BallastControl
import BallastGating
import BallastRuntime
import BallastServing
import Foundation
import Synchronization

/// One way of serving: the model on the CPU executor, with or without a balancer that acts.
final class ServingArm: Sendable {
  /// What an arm is called in tables and JSON.
  enum Kind: String, Sendable {
    /// Contiguous placement, one copy of each expert, full precision, for ever.
    case `static`
    /// Ballast, acting.
    case adaptive
  }

  let kind: Kind
  let balancer: Balancer
  private let executor: CPUExecutor
  private let lanes: [ServingLane]
  private let budgetBytes: Int
  private let memoryBudgetShare: Double
  private let laneLimit: Int
  private let residency: ResidencyPolicy
  private let gate: GateOptions
  private let traffic: TrafficOptions
  private let queue = Mutex<RequestQueue?>(nil)
  private let thinking = Mutex(Duration.zero)

  /// Stages the arm's first placement and starts its lanes.
  init(_ kind: Kind, _ settings: RunSettings, weights: DecoderWeights) async throws(InputError) {
    self.kind = kind
    let fullBytes = try ServingArm.shape(settings.checkpoint).fullBytes
    let share = kind == .adaptive ? settings.residentShare : nil
    budgetBytes = share.map { Int($0 * Double(fullBytes)) } ?? settings.budgetBytes
    let executor = try ServingArm.executor(settings, budgetBytes: budgetBytes)
    gate = settings.gate
    traffic = settings.traffic
    self.executor = executor
    var configuration = settings.configuration
    memoryBudgetShare = Double(budgetBytes) / Double(fullBytes)
    laneLimit = max(configuration.laneLimit, settings.lanes)
    configuration.planner.memoryBudgetShare = memoryBudgetShare
    configuration.laneLimit = laneLimit
    var placement: Placement?
    configuration.gate = settings.gate.applied(to: configuration.gate)
    configuration.relief = settings.traffic.applied(to: configuration.relief)
    if kind == .static {
      configuration.gate = GateConfiguration()
      configuration.mode = .observe
      configuration.planner.stagingReserveExperts = 0
      configuration.planner.residency = .all
      configuration.dispatch = .resident
      placement = .contiguous(shape: executor.shape, topology: executor.topology)
    }
    residency = configuration.planner.residency
    let settled = configuration
    let start = placement
    balancer = try await input { () async throws(BalancerError) in
      try await Balancer(executor: executor, configuration: settled, placement: start)
    }
    lanes = try await ServingArm.startLanes(settings.lanes, balancer, weights)
    balancer.observe { [weak self] event in self?.thinking.withLock { $0 += event.thinkingTime } }
  }

  /// What its executor can hold.
  var precisions: [Precision] { executor.precisions }

  /// Serves a list with all lanes, the control loop beside them, and says what it took.
  func serve(
    _ requests: [Request], arrivals: [Duration]? = nil, isCounted: Bool = true, meter: StepMeter = StepMeter()
  ) async throws(InputError) -> ArmFigures {
    let before = balancer.samples
    let plansBefore = balancer.statistics.plansPublished
    let reliefBefore = balancer.statistics.reliefSteps
    thinking.withLock { $0 = .zero }
    let control = Task { await balancer.run() }
    let queue = RequestQueue(requests, arrivals: arrivals)
    self.queue.withLock { $0 = queue }
    let start = ContinuousClock.now
    let outcomes = await withTaskGroup(of: Result<[PredictionScore], DecoderError>.self) { group in
      for lane in lanes { group.addTask { await lane.serve(queue, isCounted: isCounted, meter: meter) } }
      return await group.reduce(into: []) { $0.append($1) }
    }
    let elapsed = ContinuousClock.now - start
    control.cancel()
    await control.value
    var total = PredictionScore()
    for outcome in outcomes {
      for score in try input({ () throws(DecoderError) in try outcome.get() }) { total.add(score) }
    }
    var figures = figures(meter, elapsed: elapsed, score: total, before: before, plansBefore: plansBefore)
    figures.mostWaiting = arrivals.map { _ in meter.mostWaiting }
    figures.reliefSteps = balancer.statistics.reliefSteps - reliefBefore
    return figures
  }

  /// Requests that have arrived and wait.
  var waiting: Int { queue.withLock { $0?.waiting ?? 0 } }

  /// Takes in another configuration; the arm's byte budget and whether it may evict stay.
  ///
  /// - Returns: What the balancer refused, or nil.
  func apply(_ configuration: BalancerConfiguration) -> String? {
    var next = configuration
    next.planner.memoryBudgetShare = memoryBudgetShare
    next.laneLimit = laneLimit
    next.planner.residency = residency
    next.gate = gate.applied(to: next.gate)
    next.relief = traffic.applied(to: next.relief)
    do throws(BalancerError) {
      try balancer.apply(next)
      return nil
    } catch {
      return "refused, the last good one stays: \(error)"
    }
  }

  /// Ends the lanes' threads.
  func close() { for lane in lanes { lane.close() } }

  private func figures(
    _ meter: StepMeter, elapsed: Duration, score: PredictionScore, before: SampleTotals, plansBefore: Int
  ) -> ArmFigures {
    let samples = balancer.samples
    let imbalance = Self.imbalance(samples.imbalance, since: before.imbalance)
    let byRound = zip(samples.imbalanceByRound, before.imbalanceByRound).map { Self.imbalance($0, since: $1) }
    let statistics = balancer.statistics
    let seconds = elapsed / .seconds(1)
    let applying = meter.whileApplying
    let gating = meter.gating
    let choices = Double(max(gating.totals.assignments, 1))
    return ArmFigures(
      tokensPerSecond: Double(meter.tokens) / seconds, stepMilliseconds: meter.percentiles,
      expertMilliseconds: meter.expertPercentiles,
      stepMillisecondsWhileApplying: applying.percentiles, stepsWhileApplying: applying.steps, steps: meter.steps,
      expertImbalance: imbalance.expert, replicaImbalance: imbalance.replica, deviceImbalance: imbalance.device,
      imbalanceByRound: byRound,
      bytes: statistics.memory.reduce(0) { $0 + $1.peakReplicaBytes }, budgetBytes: budgetBytes,
      overheadBytes: statistics.memory.reduce(0) { $0 + $1.overheadBytes }, bitsPerByte: score.bitsPerByte ?? 0,
      nextByteAccuracy: score.nextByteAccuracy ?? 0, meanExperts: gating.totals.meanExperts ?? 0,
      escalatedShare: balancer.gate.configuration.kind == .confidence ? gating.totals.escalatedShare : nil,
      unmetShare: Double(gating.unmetAssignments) / choices,
      plansApplied: statistics.plansPublished - plansBefore,
      stepsWaited: Int(samples.delayedBatches - before.delayedBatches),
      residentShare: 1 - Double(statistics.placement.storedCount) / Double(executor.shape.experts),
      storedShare: (samples.storedAssignments - before.storedAssignments) / choices,
      substitutedShare: (samples.substitutedAssignments - before.substitutedAssignments) / choices,
      precisionShare: statistics.placement.precisionShare,
      controlCoreShare: thinking.withLock { $0 } / .seconds(1) / seconds)
  }

  private static func imbalance(_ now: ImbalanceTotals, since before: ImbalanceTotals) -> ArmFigures.Imbalance {
    let sums = now.since(before)
    let batches = max(sums.batches, 1)
    return ArmFigures.Imbalance(
      expert: sums.expert / batches, replica: sums.replica / batches, device: sums.device / batches)
  }

  private static func startLanes(
    _ count: Int, _ balancer: Balancer, _ weights: DecoderWeights
  ) async throws(InputError) -> [ServingLane] {
    var lanes: [ServingLane] = []
    for _ in 0..<count {
      let failure: InputError? = await withCheckedContinuation { started in
        lanes.append(
          ServingLane(balancer: balancer, weights: weights, slots: RunSettings.sequencesPerLane) {
            started.resume(returning: $0)
          })
      }
      if let failure { throw failure }
    }
    return lanes
  }

  /// The checkpoint's experts as the executor packs them.
  static func shape(_ checkpoint: MixtralCheckpoint) throws(InputError) -> ModelShape {
    let model = checkpoint.configuration
    return try input { () throws(CPUExecutorError) in
      try dimensions(checkpoint).modelShape(
        layers: model.layers, expertsPerLayer: model.expertsPerLayer, expertsPerToken: model.expertsPerRound,
        fullPrecision: checkpoint.fullPrecision, roundsPerLayer: model.roundsPerLayer)
    }
  }

  private static func dimensions(_ checkpoint: MixtralCheckpoint) throws(CPUExecutorError) -> ExpertDimensions {
    try ExpertDimensions(hidden: checkpoint.configuration.hidden, inner: checkpoint.configuration.intermediate)
  }

  private static func executor(_ settings: RunSettings, budgetBytes: Int) throws(InputError) -> CPUExecutor {
    let shape = try shape(settings.checkpoint)
    return try input { () throws(CPUExecutorError) in
      try CPUExecutor(
        source: CheckpointWeights(settings.checkpoint), shape: shape, dimensions: try dimensions(settings.checkpoint),
        configuration: CPUExecutorConfiguration(
          devices: settings.devices, memoryBytesPerDevice: budgetBytes / settings.devices,
          quantizer: settings.configuration.rollout.quantizer, seed: settings.seed))
    }
  }
}

extension Placement {
  /// Share of replicas at each precision, by name, those apart that are in no memory.
  var precisionShare: [String: Double] {
    var counts: [String: Int] = [:]
    for replica in layers.flatMap(\.replicas) {
      counts[replica.residency == .stored ? "stored" : replica.precision.description, default: 0] += 1
    }
    return counts.mapValues { Double($0) / Double(max(replicaCount, 1)) }
  }
}
