import BallastControl
import BallastRuntime

/// The side of a replay that learns: it sees each window after it was judged, and makes the next placement.
struct ReplayPlanner {
  /// What getting to the next placement took.
  struct Step {
    let copiesMoved: Int
    let bytesMoved: Int
    let milliseconds: Double
    /// How far the window's routing lay from what its placement was planned for; nil while too little is known.
    let drift: RoutingDrift?
  }

  /// The placement the next window meets.
  private(set) var placement: Placement
  private let replay: Replay
  private let balancer: Balancer?
  private var totals: LoadTotals
  private var transitions: AffinityTotals?
  /// What has no control loop is watched here.
  private var stream: DriftStream

  init(_ replay: Replay, on executor: any ExpertExecutor) async throws(ReplayError) {
    self.replay = replay
    stream = DriftStream(
      layers: replay.model.shape.layers, experts: replay.model.shape.expertsPerLayer,
      expertsPerToken: replay.model.shape.expertsPerToken, chance: replay.configuration.drift.falseAlarmRate)
    let model = replay.model
    totals = LoadTotals(layers: model.shape.layers, expertsPerLayer: model.shape.expertsPerLayer)
    placement = Placement.contiguous(shape: model.shape, topology: model.topology)
    guard replay.policy == .ballast else {
      balancer = nil
      return
    }
    do throws(BalancerError) {
      balancer = try await Balancer(
        executor: executor, configuration: replay.configuration, cost: model.cost, placement: placement)
    } catch {
      throw .balancer(error.description)
    }
  }

  /// Takes in the loads of a window.
  ///
  /// - Parameters:
  ///   - batches: `[batch][layer][expert]` tokens.
  ///   - seen: Where its tokens went from layer to layer; nil when that is not recorded.
  ///   - window: Which window of the trace, from 0.
  /// - Returns: What getting to the next placement took.
  mutating func learn(_ batches: [[[Int]]], _ seen: AffinityTotals?, window: Int) async -> Step {
    for batch in batches {
      for (layer, tokens) in batch.enumerated() {
        totals.add(tokens, tokens: tokens.reduce(0, +), phase: .prefill, layer: LayerID(layer))
      }
    }
    if let seen {
      if transitions == nil { transitions = seen } else { transitions?.add(seen) }
    }
    let before = placement
    var milliseconds = 0.0
    var drift: RoutingDrift?
    switch replay.policy {
    case .static: drift = watch(batches)
    case .greedy:
      drift = watch(batches)
      stream.plan()
      milliseconds = pack(batches)
    case .ballast:
      let event = await tick(window)
      drift = event?.drift
      milliseconds = (event?.thinkingTime ?? .zero).milliseconds
    }
    let moved = before.copiesMoved(to: placement)
    return Step(
      copiesMoved: moved, bytesMoved: moved * replay.model.shape.bytesPerExpert[.bfloat16], milliseconds: milliseconds,
      drift: drift)
  }

  private mutating func watch(_ batches: [[[Int]]]) -> RoutingDrift? {
    guard replay.configuration.drift.mode != .off, let first = batches.first else { return nil }
    return stream.window(
      batches.dropFirst().reduce(first) { sums, batch in
        zip(sums, batch).map { zip($0, $1).map(+) }
      })
  }

  private mutating func tick(_ window: Int) async -> ControlEvent? {
    guard let balancer else { return nil }
    let samples = SampleTotals(layers: totals.layers, expertsPerLayer: totals.expertsPerLayer)
    let snapshot = LoadSnapshot(time: .seconds(window + 1), totals: totals)
    let event = await balancer.tick(snapshot, samples: samples, transitions: transitions)
    placement = balancer.table.placement
    return event
  }

  private mutating func pack(_ batches: [[[Int]]]) -> Double {
    let model = replay.model
    var loads = Array(
      repeating: Array(repeating: 0.0, count: model.shape.expertsPerLayer), count: model.shape.layers)
    for batch in batches {
      for layer in batch.indices {
        for expert in batch[layer].indices { loads[layer][expert] += Double(batch[layer][expert]) }
      }
    }
    let devices = model.topology.devices.count
    let limits = PlanningLimits.unlimited(devices: devices, replicasPerDevice: model.copies.map { $0 / devices })
    let planner = Planner(
      shape: model.shape, topology: model.topology, cost: model.cost, split: .even,
      passes: [PackFromScratch(always: true)])
    let clock = ContinuousClock()
    let start = clock.now
    placement = planner.plan(from: placement, for: LoadEstimate(tokensPerBatch: loads), within: limits).target
    return (clock.now - start).milliseconds
  }
}

extension Duration {
  /// The whole duration in milliseconds.
  package var milliseconds: Double { Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15 }
}
