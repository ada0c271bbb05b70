import Ballast
import BallastControl
import BallastRuntime
public import CBallast

// Safety: every address goes to `read`, `SizedOutlet`, `span` or `write`, which look at it before they follow it; there are
// as many tokens as the options state, and they are copied before anything runs beside the call.
/// Replays recorded loads; see `ballast.h`.
@c @implementation
public func ballast_replay(
  _ options: UnsafePointer<ballast_replay_options>!, _ settings: UnsafePointer<CChar>!,
  _ tokens: UnsafePointer<UInt64>!,
  _ result: UnsafeMutablePointer<ballast_replay_result>!, _ windows: UnsafeMutablePointer<ballast_replay_window>!,
  _ capacity: UInt64, _ count: UnsafeMutablePointer<UInt64>!
) -> ballast_status {
  answer { () throws(Refusal) in
    let options = try unsafe read(options)
    let outlet = try unsafe SizedOutlet(result)
    let replay = try options.replay(try unsafe text(settings, limit: SettingsText.longestText, "settings"))
    let recorded = try RecordedWindows(options, try unsafe span(tokens, options.elements(), "tokens"))
    let isListed = unsafe windows != nil
    if isListed, capacity < UInt64(options.windows - 1) {
      try unsafe Outlet(count, "count").set(UInt64(options.windows - 1))
      throw .tooSmall("windows", capacity: capacity, needed: Int(options.windows - 1))
    }
    let outcome = try refusing(BALLAST_PLACEMENT_REFUSED) { () throws(ReplayError) in
      try blocking { await replay.outcome(recorded) }.get()
    }
    if isListed {
      try unsafe write(
        outcome.windows.map { ballast_replay_window($0) }, to: windows, capacity: capacity, count: count, "windows")
    }
    outlet.set(ballast_replay_result(outcome))
  }
}

/// `[window][batch][layer][expert]` tokens, made into arrays one window after another.
private struct RecordedWindows: Sequence, Sendable {
  private let tokens: [Int]
  private let batches: Int
  private let layers: Int
  private let experts: Int

  init(_ options: ballast_replay_options, _ given: Span<UInt64>) throws(Refusal) {
    (batches, layers, experts) = (
      Int(options.batches_per_window), Int(options.layers), Int(options.experts_per_layer)
    )
    var copied: [Int] = []
    copied.reserveCapacity(given.count)
    var sum: UInt64 = 0
    for index in given.indices {
      guard given[index] <= 1 << 44, sum + given[index] <= 1 << 44 else {
        throw .badValue("tokens has more than \(1 << 44) in all by element \(index)")
      }
      sum += given[index]
      copied.append(Int(given[index]))
    }
    tokens = copied
  }

  func makeIterator() -> AnyIterator<[[[Int]]]> {
    var next = tokens.startIndex
    return AnyIterator {
      guard next < tokens.endIndex else { return nil }
      return (0..<batches).map { _ in
        (0..<layers).map { _ in
          defer { next += experts }
          return Array(tokens[next..<next + experts])
        }
      }
    }
  }
}

extension Replay {
  fileprivate func outcome(_ windows: RecordedWindows) async -> Result<ReplayResult, ReplayError> {
    let devices = AdvisedExecutor(
      shape: model.shape, topology: model.topology, cost: model.cost, turn: Monitor(Turn()))
    do throws(ReplayError) {
      return .success(try await run(windows, on: devices).result)
    } catch {
      return .failure(error)
    }
  }
}

extension ballast_replay_options {
  /// How many tokens there are.
  fileprivate func elements() throws(Refusal) -> Int {
    var product = 1
    for count in [windows, batches_per_window, layers, experts_per_layer] {
      let (next, overflow) = product.multipliedReportingOverflow(by: Int(count))
      product = overflow ? .max : next
    }
    guard product <= 1 << 30 else { throw .badValue("tokens has \(product) values; the limit is \(1 << 30)") }
    return product
  }

  /// What is to be replayed, and how.
  fileprivate func replay(_ settings: String) throws(Refusal) -> Replay {
    try checkShape(layers: Int(layers), experts: Int(experts_per_layer))
    guard windows >= 2 else { throw .badValue("windows is \(windows); at least 2 are needed, the first only teaches") }
    guard batches_per_window >= 1 else { throw .badValue("batches_per_window is 0; at least 1 is needed") }
    guard plan_life_windows >= 1 else { throw .badValue("plan_life_windows is 0; it must be at least 1") }
    let policies = [ReplayPolicy.static, .greedy, .ballast]
    guard policies.indices.contains(Int(policy)) else {
      throw .badValue("policy is \(policy); allowed is 0 to 2 (BALLAST_REPLAY_...)")
    }
    let copies = copies_per_layer == 0 ? nil : Int(copies_per_layer)
    let model = try refusing(BALLAST_BAD_VALUE) { () throws(ReplayError) in
      try ReplayModel(
        layers: Int(layers), experts: Int(experts_per_layer), devices: Int(devices), nodes: Int(nodes), copies: copies,
        expertBytes: Int(clamping: expert_bytes), linkBytesPerSecond: link_bytes_per_second)
    }
    let configuration = try refusing(BALLAST_BAD_SETTING) { () throws(SettingsError) in
      try SettingsText(parsing: settings)
        .applied(to: Replay.configuration(copies: copies, planLifeWindows: Int(plan_life_windows)))
    }
    return Replay(model: model, policy: policies[Int(policy)], configuration: configuration)
  }
}

extension ballast_replay_result {
  fileprivate init(_ result: ReplayResult) {
    self.init(
      size: 0, reserved: 0, device_imbalance: result.mean, device_imbalance_p95: result.p95,
      device_imbalance_worst: result.worst, expert_imbalance: result.expertImbalance,
      replica_imbalance: result.replicaImbalance, copies_moved_share: result.copiesMovedShare,
      bytes_moved: UInt64(max(0, result.bytesMoved)), batch_microseconds: result.stepMicroseconds,
      plan_milliseconds: result.planMilliseconds)
  }
}

extension ballast_replay_window {
  fileprivate init(_ window: ReplayWindow) {
    self.init(
      window: UInt32(window.window), worst_layer: UInt32(window.worstLayer.layer),
      worst_layer_imbalance: window.worstLayer.deviceImbalance, device_imbalance: window.deviceImbalance,
      expert_imbalance: window.expertImbalance, replica_imbalance: window.replicaImbalance,
      copies_moved: UInt64(max(0, window.copiesMoved)), bytes_moved: UInt64(max(0, window.bytesMoved)),
      batch_microseconds: window.stepMicroseconds, plan_milliseconds: window.planMilliseconds)
  }
}
