import Ballast
import BallastControl
import BallastRuntime
import BallastSimulator
import Testing

/// A model of one layer of 16 experts served by a simulated cluster of 4 devices, with a balancer beside it.
///
/// A tick serves a few batches and then turns the control loop once.
struct ServedModel: ~Copyable {
  static let batchesPerTick = 4
  static let tokensPerBatch = 256

  let cluster: SimulatedCluster
  let balancer: Balancer
  let traffic: ZipfWorkload
  private var lane: Lane
  private var batch = 0
  /// What each tick did, and how the batches before it fell.
  private(set) var ticks: [Tick] = []

  /// One turn, and the device imbalance of the batches served since the last one.
  struct Tick {
    let event: ControlEvent
    let imbalance: Double
  }

  static func shape() throws -> ModelShape {
    try ModelShape(
      layers: 1, expertsPerLayer: 16, expertsPerToken: 1,
      bytesPerExpert: PerPrecision { [4_000_000, 2_000_000, 1_000_000, 500_000][Int($0.rawValue)] },
      fullPrecision: .bfloat16)
  }

  static let cost = CostModel(
    activationNanoseconds: PerPrecision { [8000, 4000, 2000, 1000][Int($0.rawValue)] },
    perTokenNanoseconds: PerPrecision { [2000, 1000, 600, 500][Int($0.rawValue)] }, linkBytesPerSecond: 1e10,
    nodeLinkBytesPerSecond: 1e10)

  init(
    exponent: Double, seed: UInt64, shiftTick: Int? = nil,
    configuration: BalancerConfiguration = ServedModel.adaptive(),
    placement: Placement? = nil
  ) async throws {
    let shape = try Self.shape()
    // Devices have far more memory than the budget, so that only the balancer keeps to it.
    let cluster = SimulatedCluster(
      shape: shape, topology: try .uniform(devices: 4, memoryBytesPerDevice: 1 << 40), cost: Self.cost, seed: seed)
    let balancer = try await Balancer(executor: cluster, configuration: configuration, placement: placement)
    let traffic = try ZipfWorkload(
      shape: shape, exponent: exponent, seed: seed, shiftBatch: shiftTick.map { $0 * Self.batchesPerTick })
    let lane = try balancer.makeLane()
    self.cluster = cluster
    self.balancer = balancer
    self.traffic = traffic
    self.lane = lane
  }

  /// The defaults with a search short enough for tests and a window of one tick, sampling every batch so that each
  /// tick knows how its batches fell.
  static func adaptive(memoryBudgetShare: Double = 1.5) -> BalancerConfiguration {
    var configuration = BalancerConfiguration()
    configuration.estimator.samplingInterval = 1
    configuration.planner.memoryBudgetShare = memoryBudgetShare
    configuration.planner.searchRounds = 8
    configuration.estimator.historyWindows = 4
    configuration.estimator.windowTokens = 1024
    return configuration
  }

  /// Serves one tick's batches and turns the loop.
  mutating func tick() async throws {
    let before = balancer.samples.imbalance
    for _ in 0..<Self.batchesPerTick { try serveBatch() }
    let seen = balancer.samples.imbalance.since(before)
    guard let event = await balancer.tick(at: .milliseconds(250 * (ticks.count + 1))) else { return }
    ticks.append(Tick(event: event, imbalance: seen.device / seen.batches))
  }

  mutating func run(ticks count: Int) async throws {
    for _ in 0..<count { try await tick() }
  }

  mutating func serveBatch() throws {
    let nothing: [Float] = []
    var output: [Float] = []
    for (layer, loads) in try traffic.loads(tokens: Self.tokensPerBatch, batch: batch).enumerated() {
      let experts = loads.indices.flatMap { Array(repeating: $0, count: loads[$0]) }
      let gates = Array(repeating: Float(1), count: experts.count)
      var selection = Selection(expertsPerLayer: loads.count)
      try selection.append(
        experts: experts.span, gates: gates.span, expertsPerToken: 1, traits: TokenTraits(phase: .prefill))
      var outputSpan = output.mutableSpan
      try lane.serve(selection, layer: LayerID(layer), input: nothing.span, output: &outputSpan)
    }
    batch += 1
  }

  /// The budget is kept at every instant, staging included.
  func checkBudget() throws {
    let statistics = balancer.statistics
    for (memory, budget) in zip(statistics.memory, statistics.budgetBytesPerDevice) {
      #expect(memory.peakReplicaBytes <= budget)
      #expect(memory.peakReplicaBytes > 0)
    }
    try statistics.placement.check(shape: cluster.shape, topology: cluster.topology)
  }

  /// Ticks at which a plan was published.
  var planTicks: [Int] { ticks.filter { $0.event.isPublished }.map(\.event.tick) }

  /// Mean device imbalance of the batches served in these ticks.
  func imbalance(_ range: Range<Int>) -> Double {
    ticks[range].reduce(0) { $0 + $1.imbalance } / Double(range.count)
  }
}

extension ControlEvent {
  /// Whether this tick published a plan.
  var isPublished: Bool {
    if case .published = rollout { true } else { false }
  }
}
