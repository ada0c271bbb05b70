import BallastOperations
import Testing

@testable import Ballast

@Suite struct ReplayResultTests {
  private static func window(_ index: Int, _ imbalance: Double, moved: Int = 0) -> ReplayWindow {
    ReplayWindow(
      window: index, deviceImbalance: imbalance,
      worstLayer: ReplayWindow.WorstLayer(layer: 0, deviceImbalance: imbalance),
      expertImbalance: 2, replicaImbalance: 1, copiesMoved: moved, bytesMoved: moved * 10, planMilliseconds: 4,
      stepMicroseconds: 8)
  }

  @Test func percentileIsTheOneThatNineteenInTwentyDoNotExceed() {
    let windows = (1...20).map { Self.window($0, 1 + Double($0) / 10) }
    let result = ReplayResult(policy: .greedy, windows: windows, copies: 1)
    #expect(result.p95 == 2.9 && result.worst == 3)
    #expect(abs(result.mean - 2.05) < 1e-12)
  }

  @Test func theFirstJudgedWindowMovesNothing() {
    let windows = [Self.window(1, 1, moved: 50), Self.window(2, 1, moved: 1), Self.window(3, 1, moved: 2)]
    let result = ReplayResult(policy: .ballast, windows: windows, copies: 6)
    #expect(result.copiesMovedShare == 0.25)
    #expect(result.bytesMoved == 30)
    #expect(ReplayResult(policy: .static, windows: [Self.window(1, 1)], copies: 6).copiesMovedShare == 0)
  }

  @Test func theSummarySaysWhatItShows() {
    let text = ReplaySummary(ReplayResult(policy: .greedy, windows: [Self.window(1, 1.25)], copies: 6)).text
    for fragment in ["greedy", "1.2500 mean, 1.2500 p95, 1.2500 worst", "bytes moved", "none", "8.0 µs"] {
      #expect(text.contains(fragment))
    }
  }
}
