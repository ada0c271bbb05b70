import BallastRuntime
import Testing

@testable import BallastC

extension BlockingCalls {
  @Suite struct AdvisedExecutorTests {
    private let turn = Monitor(Turn())
    private let replica = Replica(expert: ExpertID(1), device: DeviceID(1), precision: .int8)

    private func executor() throws -> AdvisedExecutor {
      let shape = try ModelShape(
        layers: 1, expertsPerLayer: 4, expertsPerToken: 1,
        bytesPerExpert: PerPrecision { [8, 4, 2, 1][Int($0.rawValue)] }, fullPrecision: .bfloat16)
      return AdvisedExecutor(
        shape: shape, topology: try .uniform(devices: 2, memoryBytesPerDevice: 100), cost: .tokens, turn: turn)
    }

    /// The step the engine is asked for, once it is.
    private func asked() async -> Turn.Step {
      while true {
        if let step = turn.withLock({ $0.take() }) { return step }
        try? await Task.sleep(for: .milliseconds(1))
      }
    }

    private func acknowledge(_ step: Turn.Step) {
      turn.withLock { $0.finish(step.number) }?.reply?.resume(returning: .success(()))
    }

    @Test func theFirstPlacementIsThereAlready() async throws {
      let executor = try executor()
      let staged = try await executor.stage(replica, layer: LayerID(0))
      #expect(staged.handle == 1 && staged.bytes == 2)
      #expect(executor.memory.map(\.replicaBytes) == [0, 2])
      try await executor.preparePublication(version: 1)
      #expect(turn.withLock { $0.take() } == nil)
    }

    @Test func laterTheEngineIsAskedAndWaitedFor() async throws {
      let executor = try executor()
      executor.start()
      let staging = Task { try await executor.stage(replica, layer: LayerID(0)) }
      let step = await asked()
      #expect(step.kind == .stage && step.replica?.replica == replica && step.number == 1)
      #expect(executor.memory.map(\.replicaBytes) == [0, 0])
      acknowledge(step)
      let staged = try await staging.value
      #expect(executor.memory.map(\.replicaBytes) == [0, 2])
      await executor.retire(staged)
      #expect(turn.withLock { $0.take() }?.kind == .retire)
      executor.noteRetired(staged)
      #expect(executor.memory.map(\.replicaBytes) == [0, 0])
      #expect(executor.memory.map(\.peakReplicaBytes) == [0, 2])
    }

    @Test func aPublicationCarriesTheStepOfItsSwitch() async throws {
      let executor = try executor()
      executor.start()
      turn.withLock { $0.switchStep = 12 }
      let publication = Task { try await executor.preparePublication(version: 3) }
      let step = await asked()
      #expect(step.kind == .publish && step.version == 3 && step.switchStep == 12)
      acknowledge(step)
      try await publication.value
    }

    @Test func aCancelledStepIsWithdrawn() async throws {
      let executor = try executor()
      executor.start()
      let staging = Task { try await executor.stage(replica, layer: LayerID(0)) }
      let step = await asked()
      staging.cancel()
      await #expect(throws: StagingError.cancelled) { try await staging.value }
      #expect(turn.withLock { $0.finish(step.number) } == nil)
      #expect(executor.memory.map(\.replicaBytes) == [0, 0])
    }
  }
}
