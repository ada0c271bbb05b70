import BallastRuntime
import Synchronization

/// Devices whose weights an engine moves itself: what is to be staged, retired and published is asked of it.
final class AdvisedExecutor: ExpertExecutor {
  // Concurrency:
  // - The rollout suspends in `stage` and `preparePublication` until the engine acknowledges, on whatever thread, that
  //   it has done so, or until it is cancelled.
  // - The first placement is there already, so that nothing is asked before `start`; a replay never starts it.
  let shape: ModelShape
  let topology: Topology
  private let turn: Monitor<Turn>
  private let cost: CostModel
  private let state: Mutex<State>

  private struct State {
    var hasStarted = false
    var lastName: UInt32 = 0
    var memory: [DeviceMemory]
  }

  init(shape: ModelShape, topology: Topology, cost: CostModel, turn: Monitor<Turn>) {
    self.shape = shape
    self.topology = topology
    self.cost = cost
    self.turn = turn
    let empty = DeviceMemory(replicaBytes: 0, peakReplicaBytes: 0, overheadBytes: 0)
    state = Mutex(State(memory: Array(repeating: empty, count: topology.devices.count)))
  }

  /// From now on the engine is asked.
  func start() { state.withLock { $0.hasStarted = true } }

  var precisions: [Precision] { Precision.allCases }
  var memory: [DeviceMemory] { state.withLock { $0.memory } }

  func stage(_ replica: Replica, layer: LayerID) async throws(StagingError) -> StagedReplica {
    let (isAsked, name) = state.withLock { state in
      state.lastName &+= 1
      return (state.hasStarted, state.lastName)
    }
    let bytes = shape.bytesPerExpert[replica.precision]
    let staged = StagedReplica(layer: layer, replica: replica, handle: name, bytes: bytes, relativeError: 0)
    if isAsked { try await ask(.stage, layer: layer, replica: staged).get() }
    state.withLock { state in
      let device = replica.device.index
      state.memory[device].replicaBytes += bytes
      state.memory[device].peakReplicaBytes = max(
        state.memory[device].peakReplicaBytes, state.memory[device].replicaBytes)
    }
    return staged
  }

  func retire(_ replica: StagedReplica) async {
    guard state.withLock({ $0.hasStarted }) else { return }
    turn.withLock { turn in
      turn.post(Turn.Step(number: turn.nextNumber(), kind: .retire, layer: replica.layer, replica: replica))
    }
  }

  /// Takes note that the engine has given a replica's memory back.
  func noteRetired(_ replica: StagedReplica) {
    state.withLock { $0.memory[replica.replica.device.index].replicaBytes -= replica.bytes }
  }

  func preparePublication(version: UInt64) async throws(StagingError) {
    guard state.withLock({ $0.hasStarted }) else { return }
    try await ask(.publish, version: version).get()
  }

  func execute(
    _ dispatch: borrowing Dispatch, layer: LayerID, input: Span<Float>, output: inout MutableSpan<Float>,
    sample: inout ExecutionSample?
  ) throws(ExecutionError) {
    // The engine computes; the calls that would come here are refused before.
    throw .unknownReplica(handle: dispatch.runs.first?.handle ?? 0)
  }

  func calibrate() async throws(StagingError) -> CostModel { cost }

  private func ask(
    _ kind: Turn.Step.Kind, layer: LayerID = LayerID(0), replica: StagedReplica? = nil, version: UInt64 = 0
  ) async -> Result<Void, StagingError> {
    let (number, switchStep) = turn.withLock { ($0.nextNumber(), $0.switchStep) }
    let step = Turn.Step(
      number: number, kind: kind, layer: layer, replica: replica, version: version,
      switchStep: kind == .publish ? switchStep : 0)
    let turn = turn
    return await withTaskCancellationHandler {
      await withCheckedContinuation { (reply: Turn.Reply) in
        turn.withLock { turn in
          turn.post(step, reply: reply)
          // Whoever cancels or aborts from here on finds the step.
          if Task.isCancelled || turn.isAborting { turn.withdraw(number) }
        }
      }
    } onCancel: {
      turn.withLock { $0.withdraw(number) }
    }
  }
}
