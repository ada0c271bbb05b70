import Ballast
import BallastCPU
import BallastControl
import BallastGating
import BallastRuntime
import BallastServing
import Foundation
import Synchronization

/// A checkpoint whose experts are stored as asked for, and scored.
struct EvaluatedModel: Sendable {
  /// What scoring some texts yields.
  struct Outcome {
    /// `[text]`.
    var scores: [PredictionScore]
    /// What sampled batches revealed.
    var samples: SampleTotals
    /// `[text]`: how often each expert was chosen, and by which gate weights.
    var uses: [ExpertUse]
    /// What the gate chose.
    var gating: GateTotals
  }

  let checkpoint: MixtralCheckpoint
  let shape: ModelShape
  let quantizer: Quantizer
  let weights: DecoderWeights
  private let dimensions: ExpertDimensions
  /// Threads that decode, and devices that compute experts.
  private let width = max(1, min(8, ProcessInfo.processInfo.activeProcessorCount))

  init(_ checkpoint: MixtralCheckpoint, quantizer: Quantizer) throws(InputError) {
    self.checkpoint = checkpoint
    self.quantizer = quantizer
    let model = checkpoint.configuration
    guard model.contextTokens >= EvaluationFold.sequenceBytes else {
      throw InputError(
        EvaluationError.contextTooShort(
          contextTokens: model.contextTokens, sequenceBytes: EvaluationFold.sequenceBytes
        ).description)
    }
    shape = try ServingArm.shape(checkpoint)
    dimensions = try input { () throws(CPUExecutorError) in
      try ExpertDimensions(hidden: model.hidden, inner: model.intermediate)
    }
    weights = DecoderWeights(checkpoint)
  }

  /// Nothing met yet.
  func reservoir(_ balance: CalibrationReservoir.Balance) -> CalibrationReservoir {
    CalibrationReservoir(shape: shape, dimensions: dimensions, balance: balance)
  }

  /// Every expert at one precision.
  func uniform(_ precision: Precision) -> [[Precision]] {
    Array(repeating: Array(repeating: precision, count: shape.expertsPerLayer), count: shape.layers)
  }

  /// Bytes of experts stored so.
  func bytes(_ precisions: [[Precision]]) -> Int { precisions.joined().reduce(0) { $0 + shape.bytesPerExpert[$1] } }

  /// Stages the experts at their precisions and scores the texts.
  ///
  /// - Parameters:
  ///   - texts: What to score; each has a whole sequence.
  ///   - precisions: `[layer][expert]`.
  ///   - calibration: What to fit, measure and, when sampling, fill.
  ///   - isSampled: Whether every batch is sampled.
  ///   - muted: Experts whose outputs are taken to be 0.
  ///   - gate: How experts are chosen. Under the confidence gate every expert is stored twice: at
  ///     its precision, and as the checkpoint stores it for the tokens that are escalated.
  ///   - progress: Called with the sequences done so far.
  /// - Returns: The score of each text, and what scoring showed of the experts.
  /// - Throws: `InputError` when the experts cannot be staged or computed.
  func score(
    _ texts: [[UInt8]], precisions: [[Precision]], calibration: CalibrationReservoir? = nil, isSampled: Bool = false,
    muted: Set<MutedExpert> = [], gate: GateConfiguration = GateConfiguration(),
    progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) async throws(InputError) -> Outcome {
    let balancer =
      gate.kind == .confidence
      ? try await tiered(precisions, calibration, gate)
      : try await self.balancer(precisions, calibration, isSampled: isSampled, muted: muted, gate: gate)
    return try await score(texts, by: balancer, progress)
  }

  /// Scores the texts with experts where `placement` has them.
  ///
  /// - Throws: `InputError` when the experts cannot be staged or computed.
  func score(
    _ texts: [[UInt8]], placement: Placement, residency: ResidencyPolicy,
    progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) async throws(InputError) -> Outcome {
    let balancer = try await balancer(
      placement, executor: try executor(nil), isSampled: false, residency: residency)
    return try await score(texts, by: balancer, progress)
  }

  /// Every expert once, at full precision, those in memory for which `isResident` holds.
  func placement(isResident: (LayerID, ExpertID) -> Bool) -> Placement {
    Placement(
      layers: (0..<shape.layers).map { layer in
        LayerPlacement(
          (0..<shape.expertsPerLayer).map { expert in
            Replica(
              expert: ExpertID(expert), device: DeviceID(expert % width), precision: shape.fullPrecision,
              residency: isResident(LayerID(layer), ExpertID(expert)) ? .resident : .stored)
          })
      })
  }

  private func score(
    _ texts: [[UInt8]], by balancer: Balancer, _ progress: @escaping @Sendable (Int) -> Void
  ) async throws(InputError) -> Outcome {
    let job = EvaluationJob(texts, layers: shape.layers, experts: shape.expertsPerLayer, progress: progress)
    let (weights, width) = (weights, width)
    let failures = await withTaskGroup(of: InputError?.self) { group in
      for _ in 0..<width { group.addTask { await job.work(balancer, weights) } }
      return await group.reduce(into: [InputError]()) { if let failure = $1 { $0.append(failure) } }
    }
    if let failure = failures.first { throw failure }
    return Outcome(scores: job.scores, samples: balancer.samples, uses: job.uses, gating: job.gating)
  }

  /// What each precision costs each expert, on the tokens held out of `calibration`.
  func errors(
    _ precisions: [Precision], _ calibration: CalibrationReservoir, progress: (Int) -> Void = { _ in }
  ) async throws(InputError) -> ErrorEstimate {
    let executor = try executor(calibration, muted: [])
    var errors = ErrorEstimate()
    for layer in 0..<shape.layers {
      for expert in 0..<shape.expertsPerLayer {
        for precision in precisions where !precision.satisfies(shape.fullPrecision) {
          let replica = Replica(expert: ExpertID(expert), device: DeviceID(0), precision: precision)
          let staged = try await input { () async throws(StagingError) in
            try await executor.stage(replica, layer: LayerID(layer))
          }
          errors.note(staged.relativeError, layer: LayerID(layer), expert: ExpertID(expert), precision: precision)
          await executor.retire(staged)
        }
        progress(layer * shape.expertsPerLayer + expert + 1)
      }
    }
    return errors
  }

  private func balancer(
    _ precisions: [[Precision]], _ calibration: CalibrationReservoir?, isSampled: Bool, muted: Set<MutedExpert>,
    gate: GateConfiguration
  ) async throws(InputError) -> Balancer {
    let placement = Placement(
      layers: precisions.map { layer in
        LayerPlacement(
          layer.enumerated().map {
            Replica(expert: ExpertID($0.offset), device: DeviceID($0.offset % width), precision: $0.element)
          })
      })
    return try await balancer(
      placement, executor: try executor(calibration, muted: muted), isSampled: isSampled, gate: gate)
  }

  /// Every expert at its precision on one device and as the checkpoint stores it on another.
  ///
  /// By the cost law given here exact replicas are so dear that only tokens that need them meet them, but for ties.
  private func tiered(
    _ precisions: [[Precision]], _ calibration: CalibrationReservoir?, _ gate: GateConfiguration
  ) async throws(InputError) -> Balancer {
    let full = shape.fullPrecision
    let placement = Placement(
      layers: precisions.map { layer in
        LayerPlacement(
          layer.enumerated().flatMap { expert, precision in
            [
              Replica(expert: ExpertID(expert), device: DeviceID(0), precision: precision),
              Replica(expert: ExpertID(expert), device: DeviceID(1), precision: full),
            ]
          })
      })
    var gate = gate
    gate.exactPrecision = full
    let cost = CostModel(
      activationNanoseconds: PerPrecision(repeating: 0),
      perTokenNanoseconds: PerPrecision { $0.satisfies(full) ? 1e6 : 1 }, linkBytesPerSecond: 1e12,
      nodeLinkBytesPerSecond: 1e12)
    return try await balancer(
      placement, executor: try executor(calibration, devices: 2), isSampled: false, cost: cost, gate: gate)
  }

  /// Serves `placement` as it is, for ever.
  func balancer(
    _ placement: Placement, executor: CPUExecutor, isSampled: Bool, cost: CostModel = .tokens,
    residency: ResidencyPolicy = .all,
    gate: GateConfiguration = GateConfiguration()
  ) async throws(InputError) -> Balancer {
    var configuration = BalancerConfiguration(mode: .observe)
    configuration.laneLimit = width
    configuration.estimator.samplingInterval = isSampled ? 1 : 0
    configuration.planner.stagingReserveExperts = 0
    configuration.planner.memoryBudgetShare = 4
    configuration.planner.residency = residency
    configuration.gate = gate
    let settled = configuration
    return try await input { () async throws(BalancerError) in
      try await Balancer(executor: executor, configuration: settled, cost: cost, placement: placement)
    }
  }

  /// Devices with room for whatever is compared; as many as there are cores unless told.
  func executor(
    _ calibration: CalibrationReservoir?, muted: Set<MutedExpert> = [], devices: Int? = nil
  ) throws(InputError) -> CPUExecutor {
    try input { () throws(CPUExecutorError) in
      try CPUExecutor(
        source: CheckpointWeights(checkpoint, muted: muted), shape: shape, dimensions: dimensions,
        configuration: CPUExecutorConfiguration(
          devices: devices ?? width, memoryBytesPerDevice: 4 * shape.fullBytes, quantizer: quantizer),
        calibration: calibration)
    }
  }
}
