import BallastC
import CBallast
import Testing

/// A program that embeds a balancer in advice mode.
final class Embedder {
  static let layers = 2
  static let experts = 8
  static let tokens = 64
  static let settings = """
    planner.memoryBudgetShare = 3
    planner.moveBudgetShare = 1
    planner.qualityBudget = 0
    estimator.windowTokens = 256
    controller.dwellTicks = 1
    """

  let balancer: ballast_balancer
  let lane: ballast_lane
  private var time: Int64 = 0

  init(settings: String = Embedder.settings, devices: Int = 4) throws {
    var balancer: ballast_balancer = 0
    try expectDone(Self.create(settings: settings, devices: devices, &balancer))
    var lane: ballast_lane = 0
    try expectDone(ballast_lane_create(balancer, &lane))
    self.balancer = balancer
    self.lane = lane
  }

  deinit { _ = ballast_balancer_destroy(balancer) }

  static var model: ballast_model {
    ballast_model(
      size: UInt32(MemoryLayout<ballast_model>.stride), layers: UInt32(layers), experts_per_layer: UInt32(experts),
      experts_per_token: 2, full_precision: UInt32(BALLAST_PRECISION_BFLOAT16), reserved: 0,
      bytes_per_expert: (2000, 1000, 500, 250))
  }

  static func withCluster<Outcome>(devices: Int, _ body: (ballast_cluster) throws -> Outcome) rethrows -> Outcome {
    let list = Array(
      repeating: ballast_device(memory_bytes: 100_000, relative_speed: 1, node: 0, reserved: 0), count: devices)
    return try list.withUnsafeBufferPointer { list in
      try body(
        ballast_cluster(
          size: UInt32(MemoryLayout<ballast_cluster>.stride), device_count: UInt32(devices), devices: list.baseAddress,
          cost: nil))
    }
  }

  static func create(settings: String, devices: Int, _ balancer: inout ballast_balancer) -> ballast_status {
    var model = model
    return withCluster(devices: devices) { cluster in
      var cluster = cluster
      return ballast_balancer_create(&model, &cluster, settings, nil, 0, &balancer)
    }
  }

  /// Every second choice is expert 0.
  static let chosen: [Int32] = (0..<tokens).flatMap { [0, Int32(1 + $0 % (experts - 1))] }

  static func withSelection<Outcome>(
    _ chosen: [Int32] = chosen, _ body: (inout ballast_selection) throws -> Outcome
  ) rethrows -> Outcome {
    try chosen.withUnsafeBufferPointer { ids in
      var selection = ballast_selection()
      selection.size = UInt32(MemoryLayout<ballast_selection>.stride)
      selection.tokens = UInt32(ids.count / 2)
      selection.experts_per_token = 2
      selection.expert_bytes = 4
      selection.experts = UnsafeRawPointer(ids.baseAddress)
      selection.phase = UInt32(BALLAST_PHASE_DECODE)
      return try body(&selection)
    }
  }

  func record(_ chosen: [Int32] = Embedder.chosen) throws {
    for layer in 0..<UInt32(Self.layers) {
      try expectDone(Self.withSelection(chosen) { ballast_lane_record(lane, layer, &$0) })
    }
  }

  /// Serves unevenly and ticks until the engine is asked for something.
  func tickUntilStep() throws -> ballast_step {
    for _ in 0..<8 {
      for _ in 0..<8 { try record() }
      time += 1_000_000
      try expectDone(ballast_balancer_tick(balancer, time))
      if let step = try nextStep() { return step }
    }
    throw Missing()
  }

  func nextStep() throws -> ballast_step? {
    var step = ballast_step()
    step.size = UInt32(MemoryLayout<ballast_step>.stride)
    let status = ballast_balancer_next_step(balancer, 10_000, &step)
    if status == BALLAST_NOTHING { return nil }
    try expectDone(status)
    return step
  }

  var statistics: ballast_statistics {
    get throws {
      var statistics = ballast_statistics()
      statistics.size = UInt32(MemoryLayout<ballast_statistics>.stride)
      try expectDone(ballast_balancer_statistics(balancer, &statistics))
      return statistics
    }
  }

  func placement() throws -> [ballast_replica] {
    var replicas = Array(repeating: ballast_replica(), count: 1024)
    var count: UInt64 = 0
    try expectDone(ballast_balancer_placement(balancer, &replicas, 1024, &count))
    return Array(replicas.prefix(Int(count)))
  }
}

struct Missing: Error {}

struct Refused: Error, CustomStringConvertible {
  let description: String
}

/// Requires a call to succeed.
func expectDone(_ status: ballast_status) throws {
  guard status == BALLAST_OK else { throw Refused(description: "\(status): \(explanation)") }
}

/// The calling thread's explanation.
var explanation: String { String(cString: ballast_explanation()) }
