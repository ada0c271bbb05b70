import Ballast
import BallastOperations
import Testing

@Suite struct ReplayTests {
  @Test func aSimulatedClusterHoldsTheReplicas() async throws {
    let model = try ReplayModel(
      layers: 1, experts: 4, devices: 2, copies: 6, expertBytes: 1000, linkBytesPerSecond: 1e12)
    let replay = Replay(
      model: model, policy: .ballast, configuration: Replay.configuration(copies: 6, planLifeWindows: 1_000_000))
    let outcome = try await replay.run(Array(repeating: [[[60, 20, 10, 10]]], count: 2))
    #expect(outcome.placements[0].replicaCount == 4)
    #expect(outcome.placements[1].replicaCount == 6)
    #expect(abs(outcome.result.mean - 1) < 1e-12)
  }
}
