import Ballast
import BallastCPU
import BallastControl
import BallastRuntime
import BallastServing
import Foundation

/// Serves the same streams under every policy, at every batch size.
struct PaperComparison {
  let model: EvaluatedModel
  let devices: Int
  let batches: [Int]
  /// Tokens decoded at each batch size under each policy, at least.
  let tokens: Int
  let lowPrecision: Precision

  /// Sequences of each text that loads, importance and errors are gathered on.
  private static let calibrationSequences = 16

  func run(_ texts: [DomainText]) async throws(InputError) -> PaperResult {
    let knowledge = try await knowledge(texts)
    let streams = PaperStreams(texts)
    var result = PaperResult(batches: batches, policies: [:])
    let progress = Progress(total: batches.count, noun: "batch sizes")
    for (place, batch) in batches.enumerated() {
      let placements = PaperPolicy.allCases.map { knowledge.placement($0, batch: batch) }
      let groups = streams.groups(batch: batch, tokens: tokens)
      var rows = try await serve(placements, groups, knowledge.cost, isSampled: false)
      // Sampling takes time, so imbalance is read in a run of its own.
      let sampled = try await serve(placements, Array(groups.prefix(4)), knowledge.cost, isSampled: true)
      for (index, policy) in PaperPolicy.allCases.enumerated() {
        rows[index].expertImbalance = sampled[index].expertImbalance
        rows[index].replicaImbalance = sampled[index].replicaImbalance
        rows[index].deviceImbalance = sampled[index].deviceImbalance
        result.policies[policy.rawValue, default: []].append(rows[index])
      }
      progress.advance(to: place + 1)
    }
    progress.finish()
    return result
  }

  /// What the first halves of the texts show.
  private func knowledge(_ texts: [DomainText]) async throws(InputError) -> PaperKnowledge {
    let length = EvaluationFold.sequenceBytes
    let sequences = texts.flatMap { text in
      let whole = min(Self.calibrationSequences, text.bytes.count / 2 / length)
      return (0..<whole).map { Array(text.bytes[$0 * length..<($0 + 1) * length]) }
    }
    guard !sequences.isEmpty else {
      throw InputError(EvaluationError.nothingToCalibrate(sequences: 0, neededSequences: 1).description)
    }
    let calibration = try await Calibration(model, sequences, .balanced)
    let executor = try model.executor(calibration.reservoir, devices: devices)
    let cost = try await input { () async throws(StagingError) in try await executor.calibrate() }
    return PaperKnowledge(
      shape: model.shape, topology: executor.topology, cost: cost, tokens: calibration.use.tokens,
      importance: calibration.importance.map { layer in
        let sum = layer.reduce(0, +)
        return layer.map { sum > 0 ? $0 / sum : 1 / Double(layer.count) }
      },
      errors: try await model.errors(Precision.allCases, calibration.reservoir), lowPrecision: lowPrecision)
  }

  /// Decodes the groups under each placement in turns, so that all meet the machine in the same moods.
  private func serve(
    _ placements: [Placement], _ groups: [[[UInt8]]], _ cost: CostModel, isSampled: Bool
  ) async throws(InputError) -> [PaperResult.Row] {
    var balancers: [Balancer] = []
    for placement in placements {
      let executor = try model.executor(nil, devices: devices)
      balancers.append(try await model.balancer(placement, executor: executor, isSampled: isSampled, cost: cost))
    }
    let (served, weights, batch) = (balancers, model.weights, groups.first?.count ?? 1)
    let outcome: Result<[PaperResult.Row], InputError> = await withCheckedContinuation { done in
      let thread = Thread {
        done.resume(
          returning: Result { () throws(InputError) in try Self.decode(served, groups, weights, batch: batch) })
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
    return try outcome.get()
  }

  private static func decode(
    _ balancers: [Balancer], _ groups: [[[UInt8]]], _ weights: DecoderWeights, batch: Int
  ) throws(InputError) -> [PaperResult.Row] {
    var lanes: [PaperLane] = []
    for balancer in balancers { lanes.append(try PaperLane(balancer, weights, batch: batch)) }
    for (turn, group) in groups.enumerated() {
      for place in lanes.indices {
        let lane = lanes[(place + turn) % lanes.count]
        try input { () throws(DecoderError) in try lane.decode(group) }
      }
    }
    return zip(lanes, balancers).map { lane, balancer in
      lane.row(bytes: balancer.statistics.memory.reduce(0) { $0 + $1.replicaBytes })
    }
  }
}
