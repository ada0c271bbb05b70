public import Ballast
public import BallastRuntime
import BallastSimulator

extension Replay {
  /// Replays windows of loads on a simulated cluster.
  ///
  /// - Parameters:
  ///   - windows: `[window][batch][layer][expert]` tokens, at least two windows.
  ///   - progress: Called after each window with its number.
  ///   - transitions: Where the tokens of a window went from layer to layer; nil when that is not recorded.
  /// - Returns: The figures, and the placements behind them.
  /// - Throws: `ReplayError.balancer` when the cluster cannot hold the placement.
  public func run(
    _ windows: some Sequence<[[[Int]]]>, progress: (Int) -> Void = { _ in },
    transitions: (Int) -> AffinityTotals? = { _ in nil }
  ) async throws(ReplayError) -> Outcome {
    let cluster = SimulatedCluster(shape: model.shape, topology: model.topology, cost: model.cost, seed: 0)
    return try await run(windows, on: cluster, progress: progress, transitions: transitions)
  }
}
