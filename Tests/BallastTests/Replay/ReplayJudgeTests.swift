import BallastRuntime
import Testing

@testable import Ballast

@Suite struct ReplayJudgeTests {
  private static func verdict(_ batches: [[[Int]]], copies: [[Int]], borrow: ReplayBorrowing? = nil) throws
    -> ReplayJudge.Verdict
  {
    let model = try RecordedTraffic.model(layers: batches[0].count)
    let layer = LayerPlacement(
      copies.enumerated().flatMap { device, experts in
        experts.map { Replica(expert: ExpertID($0), device: DeviceID(device), precision: .bfloat16) }
      })
    var judge = ReplayJudge(model: model, borrow: borrow)
    return judge.judge(Placement(layers: Array(repeating: layer, count: batches[0].count)), batches: batches)
  }

  @Test func dividesEveryBatchAnew() throws {
    // Both batches can be halved exactly, but by different shares of expert 0.
    let verdict = try Self.verdict([[[40, 40, 10, 10]], [[40, 10, 10, 40]]], copies: [[0, 1], [0, 2, 3]])
    #expect(abs(verdict.deviceImbalance - 1) < 1e-12)
    #expect(abs(verdict.expertImbalance - 1.6) < 1e-12)
    #expect(verdict.deviceShares == [[0.5, 0.5]])
  }

  @Test func figuresAreMeansOverLayersAndBatches() throws {
    let verdict = try Self.verdict(
      [[[70, 20, 5, 5], [25, 25, 25, 25]], [[50, 0, 50, 0], [100, 0, 0, 0]]], copies: [[0, 1], [2, 3]])
    #expect(abs(verdict.deviceImbalance - (1.8 + 1 + 1 + 2) / 4) < 1e-12)
    #expect(verdict.worstLayer.layer == 1)
    #expect(abs(verdict.worstLayer.deviceImbalance - 1.5) < 1e-12)
    #expect(abs(verdict.expertImbalance - (2.8 + 1 + 2 + 4) / 4) < 1e-12)
    let nanosecondsPerToken = 1000 / ReplayModel.operationsPerSecond * 1e9
    #expect(abs(verdict.stepMicroseconds - (90 + 50 + 50 + 100) / 2 * nanosecondsPerToken / 1000) < 1e-12)
  }

  @Test func nothingToDoIsEven() throws {
    let verdict = try Self.verdict([[[0, 0, 0, 0]]], copies: [[0, 1], [2, 3]])
    #expect(verdict.deviceImbalance == 1 && verdict.expertImbalance == 1 && verdict.replicaImbalance == 1)
    #expect(verdict.stepMicroseconds == 0)
  }

  @Test func borrowingMovesTokensToIdleDevices() throws {
    let limits = ReplayBorrowing(linkBytesPerSecond: 50e9)
    let batches = [[[60_000, 20_000, 0, 0]]]
    let resident = try Self.verdict(batches, copies: [[0, 1], [2, 3]])
    let borrowing = try Self.verdict(batches, copies: [[0, 1], [2, 3]], borrow: limits)
    #expect(resident.deviceImbalance == 2)
    #expect(borrowing.deviceImbalance < 1.1)
    #expect(borrowing.stepMicroseconds < resident.stepMicroseconds * 0.6)
    #expect(borrowing.borrowed == 1 && resident.borrowed == 0)
  }

  @Test func freeLinksLeaveNothingButTheTokens() throws {
    let batches = [[[600, 200, 0, 0]]]
    let free = try Self.verdict(batches, copies: [[0, 1], [2, 3]], borrow: ReplayBorrowing())
    #expect(free.deviceImbalance <= ReplayBorrowing.capacityFactor)
    #expect(free.borrowed >= 1)
  }
}
