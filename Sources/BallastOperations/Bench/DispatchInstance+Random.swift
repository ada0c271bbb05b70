import BallastRuntime
import Foundation

extension DispatchInstance {
  /// What touching a replica costs in a drawn instance.
  public enum Law: String, CaseIterable, Sendable {
    /// Nothing; 8 to 256 experts.
    case tokens
    /// As much as some tokens to some hundred tokens; 4 to 64 experts.
    case activation
  }

  /// An instance drawn from `seed`: devices and their speeds, replicas and their precisions, loads, coefficients.
  ///
  /// - Throws: `BenchError`.
  public static func drawn(_ law: Law, seed: UInt64) async throws(BenchError) -> DispatchInstance {
    var random = SplitMix64(seed: seed)
    let experts = Int.random(in: law == .tokens ? 8...256 : 4...64, using: &random)
    let devices = Int.random(in: 2...32, using: &random)
    let shape = try BenchError.making { () throws(ModelShapeError) in
      try ModelShape(
        layers: 1, expertsPerLayer: experts, expertsPerToken: 1, bytesPerExpert: PerPrecision(repeating: 1),
        fullPrecision: .bfloat16)
    }
    let speeds = Bool.random(using: &random) ? 1.0...1.0 : 0.5...1.5
    let topology = try BenchError.making { () throws(TopologyError) in
      try Topology(
        devices: (0..<devices).map { _ in
          Topology.Device(memoryBytes: 1 << 40, relativeSpeed: .random(in: speeds, using: &random))
        })
    }
    let placement = Self.placement(experts: experts, devices: devices, &random)
    let loads = Self.loads(experts: experts, &random)
    let cost = Self.cost(law, &random)
    return try await DispatchInstance(
      "\(law.rawValue) \(seed)", loads: loads, placement: placement, shape: shape, topology: topology, cost: cost)
  }

  private static func placement(experts: Int, devices: Int, _ random: inout SplitMix64) -> Placement {
    let copied = Double.random(in: 0...1, using: &random)
    let precisions = Bool.random(using: &random) ? [Precision.bfloat16] : [.bfloat16, .int8, .int4]
    var replicas: [Replica] = []
    for expert in 0..<experts {
      let copies = Double.random(in: 0..<1, using: &random) < copied ? Int.random(in: 2...4, using: &random) : 1
      for device in (0..<devices).shuffled(using: &random).prefix(copies) {
        let precision = precisions[Int.random(in: 0..<precisions.count, using: &random)]
        replicas.append(Replica(expert: ExpertID(expert), device: DeviceID(device), precision: precision))
      }
    }
    return Placement(layers: [LayerPlacement(replicas)])
  }

  /// Loads by Zipf's law with some exponent, 30 to 30 000 tokens in all.
  private static func loads(experts: Int, _ random: inout SplitMix64) -> [Int] {
    let total = pow(10, Double.random(in: 1.5...4.5, using: &random))
    let exponent = Double.random(in: 0...1.5, using: &random)
    let weights = (1...experts).map { pow(Double($0), -exponent) }.shuffled(using: &random)
    let sum = weights.reduce(0, +)
    return weights.map { Int(total * $0 / sum * Double.random(in: 0.8...1.2, using: &random)) }
  }

  private static func cost(_ law: Law, _ random: inout SplitMix64) -> CostModel {
    let perToken = Double.random(in: 50...500, using: &random)
    let activation = law == .tokens ? 0 : pow(10, Double.random(in: 2.5...5, using: &random))
    let shares: [Precision: Double] = [.float32: 2, .bfloat16: 1, .int8: 0.5, .int4: 0.3]
    return CostModel(
      activationNanoseconds: PerPrecision { activation * (shares[$0] ?? 1) },
      perTokenNanoseconds: PerPrecision { perToken * (shares[$0] ?? 1) }, linkBytesPerSecond: .infinity,
      nodeLinkBytesPerSecond: .infinity)
  }
}
