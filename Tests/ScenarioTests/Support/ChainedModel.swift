import Ballast
import BallastControl
import BallastRuntime
import BallastSimulator
import Testing

/// A model of one layer of 16 experts that every token passes in two rounds, served by a simulated cluster of 4 devices.
///
/// In the first round tokens choose by Zipf's law. An expert has a partner, which most of its tokens choose next.
struct ChainedModel: ~Copyable {
  static let batchesPerTick = 4
  static let tokensPerBatch = 256
  static let experts = 16

  let cluster: SimulatedCluster
  let balancer: Balancer
  private let traffic: ZipfWorkload
  private var random: SplitMix64
  private let partners: [Int]
  private var lane: Lane
  private var batch = 0
  private(set) var ticks: [Tick] = []

  /// What the batches before a turn of the loop met, and what it did.
  struct Tick {
    let event: ControlEvent
    /// `[round]`.
    let deviceImbalance: [Double]
    /// Share of the tokens that changed device from round to round.
    let moved: Double
  }

  /// Serves nothing yet.
  ///
  /// - Parameters:
  ///   - seed: Decides every random choice.
  ///   - coefficient: What a nanosecond on the links counts.
  ///   - exponent: Of the first round's choices.
  /// - Throws: What making the cluster, the balancer or the traffic throws.
  init(seed: UInt64, coefficient: Double, exponent: Double = 0.5) async throws {
    let shape = try ModelShape(
      layers: 1, expertsPerLayer: Self.experts, expertsPerToken: 1,
      bytesPerExpert: PerPrecision { [4_000_000, 2_000_000, 1_000_000, 500_000][Int($0.rawValue)] },
      fullPrecision: .bfloat16, roundsPerLayer: 2)
    let cluster = SimulatedCluster(
      shape: shape, topology: try .uniform(devices: 4, memoryBytesPerDevice: 1 << 40), cost: ServedModel.cost,
      seed: seed)
    var configuration = ServedModel.adaptive()
    configuration.affinity.coefficient = coefficient
    // As many replicas as experts, so that only their places can change.
    configuration.planner.copiesPerLayer = Self.experts
    let balancer = try await Balancer(executor: cluster, configuration: configuration)
    var random = SplitMix64(seed: seed)
    let pairs = (0..<Self.experts).shuffled(using: &random)
    var partners = pairs
    for place in pairs.indices { partners[pairs[place]] = pairs[place ^ 1] }
    let traffic = try ZipfWorkload(shape: shape, exponent: exponent, seed: seed)
    let lane = try balancer.makeLane()
    self.cluster = cluster
    self.balancer = balancer
    self.traffic = traffic
    self.random = random
    self.partners = partners
    self.lane = lane
  }

  mutating func run(ticks count: Int) async throws {
    for _ in 0..<count {
      let before = balancer.samples.imbalanceByRound
      var moved = 0
      for _ in 0..<Self.batchesPerTick { moved += try serveBatch() }
      let seen = zip(balancer.samples.imbalanceByRound, before).map { $0.since($1) }
      let event = await balancer.tick(at: .milliseconds(250 * (ticks.count + 1)))
      ticks.append(
        Tick(
          event: try #require(event), deviceImbalance: seen.map { $0.device / $0.batches },
          moved: Double(moved) / Double(Self.batchesPerTick * Self.tokensPerBatch)))
    }
  }

  /// Serves both rounds and says how many tokens changed device between them.
  private mutating func serveBatch() throws -> Int {
    let loads = try traffic.loads(tokens: Self.tokensPerBatch, batch: batch)[0]
    let first = loads.indices.flatMap { Array(repeating: $0, count: loads[$0]) }.shuffled(using: &random)
    let second = first.map { expert in
      Int.random(in: 0..<10, using: &random) > 0 ? partners[expert] : Int.random(in: 0..<Self.experts, using: &random)
    }
    let before = try serve(first, round: .first)
    let after = try serve(second, round: RoundID(1))
    batch += 1
    return zip(before, after).count { $0 != $1 }
  }

  /// Serves one round; returns the device of every token.
  private mutating func serve(_ experts: [Int], round: RoundID) throws -> [Int] {
    let nothing: [Float] = []
    var output: [Float] = []
    let gates = Array(repeating: Float(1), count: experts.count)
    var selection = Selection(expertsPerLayer: Self.experts)
    try selection.append(
      experts: experts.span, gates: gates.span, expertsPerToken: 1, traits: TokenTraits(phase: .prefill))
    var outputSpan = output.mutableSpan
    try lane.serve(selection, layer: LayerID(0), round: round, input: nothing.span, output: &outputSpan)
    var devices = Array(repeating: -1, count: experts.count)
    let dispatch = lane.lastDispatch
    for device in 0..<4 {
      for run in dispatch.runs[dispatch.deviceRuns[device]..<dispatch.deviceRuns[device + 1]] {
        for entry in run.entries { devices[Int(dispatch.rows[entry])] = device }
      }
    }
    return devices
  }

  /// Mean over these ticks.
  func mean(_ range: Range<Int>, _ figure: (Tick) -> Double) -> Double {
    ticks[range].reduce(0) { $0 + figure($1) } / Double(range.count)
  }
}
