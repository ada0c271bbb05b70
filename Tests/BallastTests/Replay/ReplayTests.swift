import BallastRuntime
import Testing

@testable import Ballast

@Suite struct ReplayTests {
  @Test func staticStaysWhereItIs() async throws {
    let outcome = try await RecordedTraffic.replay(.static).run(Array(repeating: RecordedTraffic.window, count: 3))
    #expect(outcome.placements.count == 3)
    #expect(Set(outcome.placements).count == 1)
    #expect(outcome.result.windows.map(\.window) == [1, 2])
    for window in outcome.result.windows {
      #expect(abs(window.deviceImbalance - 1.6) < 1e-12)
      #expect(abs(window.expertImbalance - 2.4) < 1e-12)
      #expect(window.copiesMoved == 0 && window.bytesMoved == 0 && window.planMilliseconds == 0)
    }
    #expect(outcome.deviceShares == [[0.8, 0.2]])
  }

  @Test(arguments: [ReplayPolicy.greedy, .ballast])
  func policiesLearnFromThePastOnly(policy: ReplayPolicy) async throws {
    let shifted = [[[10, 10, 20, 60]]]
    let replay = try RecordedTraffic.replay(policy)
    let same = try await replay.run([RecordedTraffic.window, RecordedTraffic.window])
    let other = try await replay.run([RecordedTraffic.window, shifted])
    #expect(same.placements == other.placements)
    #expect(same.placements[0] == Placement.contiguous(shape: replay.model.shape, topology: replay.model.topology))
    #expect(abs(same.result.mean - 1) < 1e-12)
    #expect(same.placements[1].layers[0].replicas.count == 6)
  }

  @Test func leavingTheStartPlacementIsNotCounted() async throws {
    let windows = [RecordedTraffic.window, RecordedTraffic.window, [[[10, 10, 20, 60]]], [[[10, 10, 20, 60]]]]
    let outcome = try await RecordedTraffic.replay(.greedy).run(windows)
    let moved = outcome.result.windows.map(\.copiesMoved)
    #expect(outcome.placements[0] != outcome.placements[1])
    #expect(moved[0] == 0 && moved[1] == 0 && moved[2] > 0)
    #expect(moved[2] == outcome.placements[2].copiesMoved(to: outcome.placements[3]))
    #expect(outcome.result.windows[2].bytesMoved == moved[2] * 1000)
    #expect(abs(outcome.result.copiesMovedShare - Double(moved[2]) / 12) < 1e-12)
  }

  @Test func everyWindowIsReported() async throws {
    var seen: [Int] = []
    _ = try await RecordedTraffic.replay(.static).run(Array(repeating: RecordedTraffic.window, count: 3)) {
      seen.append($0)
    }
    #expect(seen == [0, 1, 2])
  }
}
