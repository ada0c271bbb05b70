@testable import BallastControl
import BallastRuntime
import Testing

@Suite struct DebugTests {
  @Test func look() throws {
    let shape = try ModelShape(layers: 1, expertsPerLayer: 32, expertsPerToken: 4,
      bytesPerExpert: PerPrecision { [294912, 147456, 78000, 40000][Int($0.rawValue)] }, fullPrecision: .bfloat16)
    let topology = try Topology.uniform(devices: 2, memoryBytesPerDevice: 1 << 40)
    let cost = CostModel(activationNanoseconds: PerPrecision { [8000, 2550, 790, 700][Int($0.rawValue)] }, perTokenNanoseconds: PerPrecision { [840, 320, 240, 200][Int($0.rawValue)] }, linkBytesPerSecond: 1e10, nodeLinkBytesPerSecond: 1e10)
    var random = SeededRandom(seed: 1)
    var load = (1...32).map { 400 / Double($0) }
    load.shuffle(using: &random)
    let total = load.reduce(0, +)
    load = load.map { $0 / total * 400 }
    let estimate = LoadEstimate(tokensPerBatch: [load], batchesPerTick: 50)
    let bytes = 32 * 147456 / 2
    let limits = PlanningLimits(stagingBytes: [bytes + 220000, bytes + 220000], residentBytes: [bytes - 70000, bytes - 70000], moveBytes: .max, qualityBudget: 0.01, precisions: [.bfloat16, .int8], leastGain: 0.002)
    let planner = Planner(shape: shape, topology: topology, cost: cost, split: .dispatch, passes: Planner.passes(searchRounds: 64))
    var placement = Placement.contiguous(shape: shape, topology: topology)
    placement.layers[0] = LayerPlacement(placement.layers[0].replicas.map { r in var r = r; if r.expert.index % 16 == 15 { r.precision = .int8 }; return r })
    for round in 0..<12 {
      let plan = planner.plan(from: placement, for: estimate, within: limits)
      placement = plan.target
      var f = LayerForecaster(experts: 32, topology: topology, cost: cost, rule: .dispatch)
      let fc = f.forecast(placement.layers[0], tokens: load)
      print("round", round, "replicas", placement.replicaCount, "int8", placement.layers[0].replicas.filter { $0.precision == .int8 }.count, "longest", fc.longest, "imb", fc.imbalance, "busiest", fc.busiestReplica, "max", load.max()!, "q", plan.forecast.qualitySpent, plan.isCutShort, "bytes", placement.bytesPerDevice(shape: shape, devices: 2), limits.residentBytes)
      if plan.isEmpty { break }
    }
    let fc = { () -> LayerForecast in var f = LayerForecaster(experts: 32, topology: topology, cost: cost, rule: .dispatch); return f.forecast(placement.layers[0], tokens: load) }()
    for (i, r) in placement.layers[0].replicas.enumerated() { print(r.expert, r.device, r.precision, load[r.expert.index], fc.replicaTokens[i]) }
    #expect(Bool(true))
  }
}
