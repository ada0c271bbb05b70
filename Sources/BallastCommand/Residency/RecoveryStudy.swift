import Ballast
import BallastCPU
import BallastControl
import BallastRuntime
import BallastServing

/// What happens when the domain changes under a balancer that keeps a part of the experts resident.
struct RecoveryStudy {
  /// One tick: some sequences, then a turn of the control loop.
  struct Tick: Codable {
    var tick: Int
    var domain: String
    var bitsPerByte: Double
    /// The same sequences with every expert resident.
    var fullBitsPerByte: Double
    /// Share of experts with a replica in memory.
    var residentExperts: Double
    /// What of the need seen so far is resident.
    var residentNeed: Double
    /// Share of choices that a substitute served.
    var substituted: Double
    /// Share of choices that a stored replica served.
    var stored: Double
    /// Replicas the tick's plan staged.
    var replicasStaged: Int
  }

  /// What was found.
  struct Result: Codable {
    var ticks: [Tick]
    /// The first tick of the second domain.
    var changeTick: Int
    /// Ticks after the change until what is resident of the need stays within a twentieth of where it settles.
    var recoveryTicks: Int
  }

  let model: EvaluatedModel
  let share: Double
  let residency: ResidencyPolicy
  /// Ticks of each domain.
  let ticks: Int

  /// Sequences a tick serves, one batch a layer each; one of them is sampled.
  static let sequencesPerTick = 16

  /// Serves the first text, then the second, each from its start and around again.
  func run(_ first: DomainText, _ second: DomainText) async throws(InputError) -> Result {
    let parts = [first, second].flatMap { text in (0..<ticks).map { part($0, of: text) } }
    let full = try await model.score(parts, precisions: model.uniform(model.shape.fullPrecision))
    let balancer = try await balancer()
    var decoder = try Self.decoder(balancer, model)
    let progress = Progress(total: parts.count, noun: "ticks")
    var found: [Tick] = []
    for (index, bytes) in parts.enumerated() {
      let before = balancer.samples
      let score = try Self.score(bytes, &decoder)
      let event = await balancer.tick(at: .milliseconds(250 * (index + 1)))
      let name = index < ticks ? first.name : second.name
      found.append(
        tick(
          index, name, score, full: full.scores[index], event, samples: (before, balancer.samples), bytes: bytes.count))
      progress.advance(to: index + 1)
    }
    progress.finish()
    return Result(ticks: found, changeTick: ticks, recoveryTicks: recovery(found))
  }

  private func part(_ tick: Int, of text: DomainText) -> [UInt8] {
    let length = EvaluationFold.sequenceBytes
    let whole = text.bytes.count / length
    return (0..<Self.sequencesPerTick).flatMap { place -> ArraySlice<UInt8> in
      let sequence = (tick * Self.sequencesPerTick + place) % whole
      return text.bytes[sequence * length..<(sequence + 1) * length]
    }
  }

  private func balancer() async throws(InputError) -> Balancer {
    var configuration = BalancerConfiguration()
    configuration.laneLimit = 1
    configuration.estimator.samplingInterval = Self.sequencesPerTick
    configuration.estimator.windowTokens = Self.sequencesPerTick * EvaluationFold.sequenceBytes
    configuration.planner.memoryBudgetShare = share
    configuration.planner.residency = residency
    // Eviction alone, so that what it does can be seen.
    configuration.planner.leastPrecision = model.shape.fullPrecision
    let settled = configuration
    let executor = try model.executor(nil, devices: 2)
    return try await input { () async throws(BalancerError) in
      try await Balancer(executor: executor, configuration: settled, cost: .tokens)
    }
  }

  private static func decoder(_ balancer: Balancer, _ model: EvaluatedModel) throws(InputError) -> Decoder {
    let lane = try input { () throws(LaneError) in try balancer.makeLane() }
    do throws(DecoderError) {
      return try Decoder(
        weights: model.weights, lane: lane, slots: 1, contextTokens: EvaluationFold.sequenceBytes)
    } catch {
      throw InputError(error.description)
    }
  }

  private static func score(_ bytes: [UInt8], _ decoder: inout Decoder) throws(InputError) -> PredictionScore {
    do throws(DecoderError) {
      return try TextEvaluation(sequenceBytes: EvaluationFold.sequenceBytes, isCounted: true)
        .score(bytes, with: &decoder)
    } catch {
      throw InputError(error.description)
    }
  }

  private func tick(
    _ index: Int, _ domain: String, _ score: PredictionScore, full: PredictionScore, _ event: ControlEvent?,
    samples: (SampleTotals, SampleTotals), bytes: Int
  ) -> Tick {
    let choices = Double(bytes * model.shape.layers * model.shape.expertsPerToken)
    var staged = 0
    if case .published(let replicas, _)? = event?.rollout { staged = replicas }
    return Tick(
      tick: index, domain: domain, bitsPerByte: score.bitsPerByte ?? 0, fullBitsPerByte: full.bitsPerByte ?? 0,
      residentExperts: event?.resident?.experts ?? 0, residentNeed: event?.resident?.need ?? 0,
      substituted: (samples.1.substitutedAssignments - samples.0.substitutedAssignments) / choices,
      stored: (samples.1.storedAssignments - samples.0.storedAssignments) / choices, replicasStaged: staged)
  }

  /// Ticks after the change until the need stays covered about as well as at the end.
  private func recovery(_ found: [Tick]) -> Int {
    let needs = found[ticks...].map(\.residentNeed)
    let tail = needs.suffix(max(1, needs.count / 4))
    let settled = tail.reduce(0, +) / Double(tail.count)
    return needs.lastIndex { $0 < settled * 0.95 }.map { $0 + 1 } ?? 0
  }
}
