import BallastRuntime
import Foundation

@testable import BallastServing

/// Computes experts one token group at a time in float32: the plainest executor there can be.
final class ReferenceExecutor: ExpertExecutor {
  private struct Expert: Sendable {
    let gate: WeightMatrix
    let up: WeightMatrix
    let down: WeightMatrix
  }

  let shape: ModelShape
  let topology: Topology
  let precisions: [Precision] = [.float32]
  var memory: [DeviceMemory] { [] }
  private let experts: [Expert]

  init(_ checkpoint: MixtralCheckpoint) throws {
    let model = checkpoint.configuration
    shape = try model.shape(
      bytesPerExpert: PerPrecision(repeating: 4 * model.weightsPerExpert), fullPrecision: .float32)
    topology = try Topology.uniform(devices: 2, memoryBytesPerDevice: .max)
    experts = (0..<model.layers * model.expertsPerLayer).map { index in
      let weights = checkpoint.weights(
        of: ExpertID(index % model.expertsPerLayer), layer: LayerID(index / model.expertsPerLayer))
      func matrix(_ tensor: Tensor) -> WeightMatrix {
        WeightMatrix(rows: tensor.shape[0], columns: tensor.shape[1], values: tensor.floats())
      }
      return Expert(gate: matrix(weights.gate), up: matrix(weights.up), down: matrix(weights.down))
    }
  }

  func handle(_ expert: ExpertID, _ layer: LayerID) -> UInt32 {
    UInt32(layer.index * shape.expertsPerLayer + expert.index)
  }

  /// A path to it: every expert once, at full precision.
  func path(lanes: Int = 1) throws -> ServingPath {
    let table = try RoutingTable(
      .contiguous(shape: shape, topology: topology), handle: { layer, replica in self.handle(replica.expert, layer) },
      shape: shape, topology: topology, cost: .tokens)
    return ServingPath(table: table, executor: self, laneLimit: lanes)
  }

  func stage(_ replica: Replica, layer: LayerID) async throws(StagingError) -> StagedReplica {
    StagedReplica(
      layer: layer, replica: replica, handle: handle(replica.expert, layer), bytes: shape.bytesPerExpert[.float32],
      relativeError: 0)
  }

  func retire(_ replica: StagedReplica) async {}

  func calibrate() async throws(StagingError) -> CostModel { .tokens }

  func execute(
    _ dispatch: borrowing Dispatch, layer: LayerID, input: Span<Float>, output: inout MutableSpan<Float>,
    sample: inout ExecutionSample?
  ) throws(ExecutionError) {
    let hidden = input.count / max(1, dispatch.tokenCount)
    for index in output.indices { output[index] = 0 }
    for run in dispatch.runs {
      guard experts.indices.contains(Int(run.handle)) else { throw .unknownReplica(handle: run.handle) }
      let expert = experts[Int(run.handle)]
      var rows: [Float] = []
      for entry in run.entries {
        let first = Int(dispatch.rows[entry]) * hidden
        for column in 0..<hidden { rows.append(input[first + column]) }
      }
      var gate = [Float](repeating: 0, count: run.entries.count * expert.gate.rows)
      var up = gate
      expert.gate.multiply(rows, tokens: run.entries.count, into: &gate)
      expert.up.multiply(rows, tokens: run.entries.count, into: &up)
      for index in gate.indices { gate[index] = gate[index] / (1 + exp(-gate[index])) * up[index] }
      expert.down.multiply(gate, tokens: run.entries.count, into: &rows)
      for (place, entry) in run.entries.enumerated() {
        let first = Int(dispatch.rows[entry]) * hidden
        for column in 0..<hidden { output[first + column] += dispatch.gates[entry] * rows[place * hidden + column] }
      }
    }
  }
}
