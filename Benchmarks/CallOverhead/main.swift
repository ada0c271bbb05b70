import Ballast
import BallastC
import BallastControl
import BallastRuntime
import BallastSimulator
import CBallast

// What a call of the C interface costs beside the Swift call it stands for: the same batch, the same placement, in turns.
// `swift run -c release CallOverhead` prints it; docs/embedding.md has the table.

let (experts, choices, devices, rounds, calls) = (64, 8, 8, 61, 400)

func batch(_ tokens: Int) -> [Int32] {
  var random = SplitMix64(seed: 7)
  return (0..<tokens * choices).map { _ in Int32(random.next() % UInt64(experts)) }
}

func swiftBalancer() async throws -> Balancer {
  let bytes = PerPrecision { [4000, 2000, 1000, 500][Int($0.rawValue)] }
  let shape = try ModelShape(
    layers: 1, expertsPerLayer: experts, expertsPerToken: choices, bytesPerExpert: bytes, fullPrecision: .bfloat16)
  let cluster = SimulatedCluster(
    shape: shape, topology: try .uniform(devices: devices, memoryBytesPerDevice: 1 << 20), cost: .tokens, seed: 1)
  return try await Balancer(executor: cluster, configuration: BalancerConfiguration(), cost: .tokens)
}

func cLane() throws -> ballast_lane {
  var model = ballast_model(
    size: UInt32(MemoryLayout<ballast_model>.stride), layers: 1, experts_per_layer: UInt32(experts),
    experts_per_token: UInt32(choices), full_precision: 1, reserved: 0, bytes_per_expert: (4000, 2000, 1000, 500))
  let list = Array(
    repeating: ballast_device(memory_bytes: 1 << 20, relative_speed: 1, node: 0, reserved: 0), count: devices)
  var (balancer, lane) = (ballast_balancer(), ballast_lane())
  list.withUnsafeBufferPointer { list in
    var cluster = ballast_cluster(
      size: UInt32(MemoryLayout<ballast_cluster>.stride), device_count: UInt32(devices), devices: list.baseAddress,
      cost: nil)
    _ = ballast_balancer_create(&model, &cluster, nil, nil, 0, &balancer)
  }
  guard ballast_lane_create(balancer, &lane) == BALLAST_OK else { throw Refused() }
  return lane
}

struct Refused: Error {}

/// Nanoseconds a call, the least of many rounds in turns: what disturbs a round only adds to it.
func nanoseconds(_ one: () throws -> Void, _ other: () throws -> Void) rethrows -> (Double, Double) {
  let clock = ContinuousClock()
  var least = (Double.infinity, Double.infinity)
  for _ in 0..<rounds {
    var start = clock.now
    for _ in 0..<calls { try one() }
    least.0 = min(least.0, (clock.now - start) / .nanoseconds(calls))
    start = clock.now
    for _ in 0..<calls { try other() }
    least.1 = min(least.1, (clock.now - start) / .nanoseconds(calls))
  }
  return least
}

func row(_ name: String, _ tokens: Int, _ figures: (Double, Double)) {
  func pad(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
  func one(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
  print(
    name + String(repeating: " ", count: max(1, 34 - name.count)) + pad("\(tokens)", 5) + pad(one(figures.0), 10)
      + pad(one(figures.1), 10) + pad(one(figures.1 - figures.0), 10))
}

func compare(_ lane: inout Lane, _ handle: ballast_lane) throws {
  print("call                             tokens  Swift ns      C ns  C - Swift")
  for tokens in [1, 16, 512] {
    let ids = batch(tokens)
    var (runs, rows) = (Array(repeating: ballast_run(), count: 4096), [Int32](repeating: 0, count: ids.count))
    try ids.withUnsafeBufferPointer { given in
      var selection = ballast_selection()
      selection.size = UInt32(MemoryLayout<ballast_selection>.stride)
      (selection.tokens, selection.experts_per_token, selection.expert_bytes) = (UInt32(tokens), UInt32(choices), 4)
      (selection.experts, selection.phase) = (UnsafeRawPointer(given.baseAddress), UInt32(BALLAST_PHASE_DECODE))
      let traits = SelectionSpan.Traits.shared(TokenTraits(phase: .decode))
      func span() throws -> Void {
        let span = try SelectionSpan(
          experts: given.span, rows: .uniform(choices), expertsPerLayer: experts, traits: traits)
        try lane.record(span, layer: LayerID(0))
      }
      row("record", tokens, try nanoseconds(span) { _ = ballast_lane_record(handle, 0, &selection) })

      var dispatch = ballast_dispatch()
      dispatch.size = UInt32(MemoryLayout<ballast_dispatch>.stride)
      var entries = 0
      func choose() throws {
        let span = try SelectionSpan(
          experts: given.span, rows: .uniform(choices), expertsPerLayer: experts, traits: traits)
        try lane.dispatch(span, layer: LayerID(0)) { entries += $0.rows.count }
      }
      row(
        "dispatch, looked at", tokens,
        try nanoseconds(choose) { _ = ballast_lane_dispatch(handle, 0, &selection, &dispatch) })

      try runs.withUnsafeMutableBufferPointer { runs in
        try rows.withUnsafeMutableBufferPointer { rows in
          (dispatch.run_capacity, dispatch.entry_capacity) = (UInt64(runs.count), UInt64(rows.count))
          (dispatch.runs, dispatch.rows) = (runs.baseAddress, rows.baseAddress)
          func copied() throws {
            let span = try SelectionSpan(
              experts: given.span, rows: .uniform(choices), expertsPerLayer: experts, traits: traits)
            try lane.dispatch(span, layer: LayerID(0)) { dispatch in
              for (index, run) in dispatch.runs.enumerated() {
                runs[index] = ballast_run(
                  expert: UInt32(truncatingIfNeeded: run.expert.index), replica: run.handle,
                  precision: UInt32(run.precision.rawValue), device: UInt32(truncatingIfNeeded: run.device.index),
                  home: UInt32(truncatingIfNeeded: run.home.index),
                  first_entry: UInt32(truncatingIfNeeded: run.entries.lowerBound),
                  entry_count: UInt32(truncatingIfNeeded: run.entries.count), reserved: 0)
              }
              _ = rows.update(fromContentsOf: dispatch.rows)
            }
          }
          row(
            "dispatch, runs and rows copied", tokens,
            try nanoseconds(copied) { _ = ballast_lane_dispatch(handle, 0, &selection, &dispatch) })
        }
      }
    }
  }
}

let (owner, handle) = (try await swiftBalancer(), try cLane())
var lane = try owner.makeLane()
try compare(&lane, handle)
