import Ballast
import BallastOperations
import BallastRuntime
import BallastServing

/// Cuts the loads seen at ticks into windows of traffic.
enum TrafficWindows {
  /// `[window][batch][layer][expert]`: what was counted between one tick and the next, one batch a window.
  static func cut(_ loads: [LoadTotals], after first: LoadTotals) -> [[[[Int]]]] {
    var previous = first
    return loads.compactMap { load in
      let window = load.since(previous)
      previous = load
      guard window.tokens > 0 else { return nil }
      let layers = (0..<window.layers).map { window.weighted(LayerID($0), prefill: 1, decode: 1).map { Int($0) } }
      return [layers]
    }
  }
}

/// The run's own routing on a cluster with more devices than this machine has cores.
struct SimulatedTraffic {
  private let windows: [[[[Int]]]]
  private let settings: RunSettings

  /// One spare copy a device and layer.
  private static let sparesPerDevice = 1

  init(_ windows: [[[[Int]]]], _ settings: RunSettings) {
    self.windows = windows
    self.settings = settings
  }

  /// Contiguous single copies beside Ballast; nil when there was too little traffic to judge by.
  func result() async throws(InputError) -> RunResult.Simulated? {
    guard windows.count >= 2 else { return nil }
    let experts = settings.checkpoint.configuration.expertsPerLayer
    let devices = settings.simulatedDevices
    let rounded = (experts + devices - 1) / devices * devices
    let copies = min(rounded + devices * Self.sparesPerDevice, experts * devices)
    let still = try await replay(.static, copies: rounded)
    let moving = try await replay(.ballast, copies: copies)
    return RunResult.Simulated(
      devices: devices, copies: copies, staticDeviceImbalance: still.mean, adaptiveDeviceImbalance: moving.mean,
      staticStepMicroseconds: still.stepMicroseconds, adaptiveStepMicroseconds: moving.stepMicroseconds,
      copiesMovedShare: moving.copiesMovedShare)
  }

  private func replay(_ policy: ReplayPolicy, copies: Int) async throws(InputError) -> ReplayResult {
    let model = settings.checkpoint.configuration
    return try await input { () async throws(ReplayError) in
      let cluster = try ReplayModel(
        layers: model.layers, experts: model.expertsPerLayer, devices: settings.simulatedDevices, copies: copies,
        expertBytes: model.weightsPerExpert * 2, linkBytesPerSecond: 50e9)
      let replay = Replay(
        model: cluster, policy: policy, configuration: Replay.configuration(copies: copies, planLifeWindows: 10_000))
      return try await replay.run(windows).result
    }
  }
}
