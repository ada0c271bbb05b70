import BallastControl
import BallastRuntime

/// A model, devices and a skewed load, made from a seed.
struct PlanningCase {
  let shape: ModelShape
  let topology: Topology
  let estimate: LoadEstimate
  var cost: CostModel

  init(seed: UInt64, experts: Int = 16, devices: Int = 4, layers: Int = 3) throws {
    var random = SeededRandom(seed: seed)
    shape = try ModelShape(
      layers: layers, expertsPerLayer: experts, expertsPerToken: 2,
      bytesPerExpert: PerPrecision { [4000, 2000, 1000, 500][Int($0.rawValue)] }, fullPrecision: .bfloat16)
    topology = try Topology.uniform(devices: devices, memoryBytesPerDevice: 1 << 40)
    estimate = LoadEstimate(
      tokensPerBatch: (0..<layers).map { _ in
        (0..<experts).map { _ in
          Double(Int.random(in: 0...1000, using: &random)) / Double(Int.random(in: 1...20, using: &random))
        }
      }, batchesPerTick: 10)
    cost = CostModel(
      activationNanoseconds: PerPrecision { [40, 20, 10, 5][Int($0.rawValue)] },
      perTokenNanoseconds: PerPrecision { [2, 1, 0.6, 0.5][Int($0.rawValue)] }, linkBytesPerSecond: 1e10,
      nodeLinkBytesPerSecond: 1e9)
  }

  func limits(share: Double, quality: Double = 0.01, replicasPerDevice: Int? = nil, moveBytes: Int = .max)
    -> PlanningLimits
  {
    let devices = topology.devices.count
    let bytes = Int(share * Double(shape.fullBytes)) / devices
    return PlanningLimits(
      stagingBytes: Array(repeating: bytes + 4000, count: devices),
      residentBytes: Array(repeating: bytes, count: devices),
      moveBytes: moveBytes, qualityBudget: quality, precisions: [.bfloat16, .int8], replicasPerDevice: replicasPerDevice
    )
  }

  func planner(split: SplitRule = .dispatch) -> Planner {
    Planner(shape: shape, topology: topology, cost: cost, split: split, passes: Planner.passes(searchRounds: 32))
  }
}
