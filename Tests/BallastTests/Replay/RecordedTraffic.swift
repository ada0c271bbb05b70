import BallastSimulator

@testable import Ballast

/// Traffic whose figures are easy to work out by hand.
enum RecordedTraffic {
  /// One layer of 4 experts on 2 devices; expert 0 is busiest in every window.
  static func model(copies: Int? = 6, layers: Int = 1) throws -> ReplayModel {
    try ReplayModel(
      layers: layers, experts: 4, devices: 2, copies: copies, expertBytes: 1000, linkBytesPerSecond: 1e12)
  }

  /// `[batch][layer][expert]`.
  static let window = [[[60, 20, 10, 10]]]

  static func replay(_ policy: ReplayPolicy, copies: Int = 6) throws -> Replay {
    Replay(
      model: try model(copies: copies), policy: policy,
      configuration: Replay.configuration(copies: copies, planLifeWindows: 1_000_000))
  }
}

extension Replay {
  /// On a simulated cluster of the replay's model.
  var cluster: SimulatedCluster {
    SimulatedCluster(shape: model.shape, topology: model.topology, cost: model.cost, seed: 0)
  }

  func run(_ windows: [[[[Int]]]], progress: (Int) -> Void = { _ in }) async throws -> Outcome {
    try await run(windows, on: cluster, progress: progress)
  }
}
