import BallastOperations
import BallastRuntime
import Foundation
import Testing

@testable import Ballast

@Suite struct ReplayPlannerTests {
  private static let trace = URL(filePath: #filePath).deletingLastPathComponent().appending(
    path: "../../../Examples/Traces/deepseek-v2-lite/intent.ids.npy"
  ).standardized.path

  /// As many choices as `loads` has, each drawn by its shares.
  private static func resampled(_ loads: [Int], seed: Int) -> [Int] {
    var random = SplitMix64(seed: UInt64(seed))
    let choices = loads.indices.flatMap { Array(repeating: $0, count: loads[$0]) }
    var drawn = Array(repeating: 0, count: loads.count)
    for _ in choices { drawn[choices[Int(random.next() % UInt64(choices.count))]] += 1 }
    return drawn
  }

  @Test(arguments: 1...3) func aResampleOfRecordedTrafficMovesNothing(seed: Int) async throws {
    let trace = try RoutingTrace.read(Self.trace, experts: 64, gates: nil)
    let windows = try TraceWindows([trace], rows: 1024, batchTokens: nil)
    let first = try #require(windows.first { _ in true })
    let model = try ReplayModel(
      layers: windows.layers, experts: windows.experts, devices: 8, copies: 72, expertBytes: 1 << 24,
      linkBytesPerSecond: 50e9)
    let replay = Replay(
      model: model, policy: .ballast, configuration: Replay.configuration(copies: 72, planLifeWindows: 10_000))
    var planner = try await ReplayPlanner(replay, on: replay.cluster)
    #expect(await planner.learn(first, nil, window: 0).copiesMoved > 0)
    let again = first.map { batch in
      batch.indices.map { Self.resampled(batch[$0], seed: seed * 100 + $0) }
    }
    #expect(await planner.learn(again, nil, window: 1).copiesMoved == 0)
  }
}
