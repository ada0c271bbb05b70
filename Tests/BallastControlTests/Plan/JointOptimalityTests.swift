import BallastRuntime
import Testing

@testable import BallastControl

/// Replicating and quantizing jointly, beside the best there is, on layers small enough to try every placement.
@Suite struct JointOptimalityTests {
  private static let precisions: [Precision] = [.bfloat16, .int8]

  /// Four experts on two devices of so many bytes.
  private static func layer(seed: Int, bytes: Int, quality: Double) throws -> SmallLayer {
    var random = SeededRandom(seed: UInt64(seed))
    let tokens = (0..<4).map { _ in
      Double(Int.random(in: 20...400, using: &random)) / Double(Int.random(in: 1...4, using: &random))
    }
    let scores = (0..<4).map { _ in Double(Int.random(in: 1...20, using: &random)) }
    let total = scores.reduce(0, +)
    var small = try SmallLayer(tokens: tokens, on: [0, 0, 1, 1], importance: scores.map { $0 / total })
    small.cost.perTokenNanoseconds[.int8] = seed % 2 == 0 ? 0.6 : 1
    small.limits.precisions = precisions
    small.limits.residentBytes = [bytes, bytes]
    small.limits.qualityBudget = quality
    return small
  }

  /// The least time of any placement within the bytes and the quality.
  private static func least(_ small: SmallLayer) -> (Double, [Replica]) {
    var which: [Replica] = []
    let places: [[Replica]] = (0..<4).flatMap { expert in
      [0, 1].map { device in precisions.map { Replica(expert, on: device, $0) } }
    }
    var best = Double.infinity
    func extend(_ chosen: [Replica], _ place: Int, _ bytes: [Int]) {
      guard place < places.count else {
        guard Set(chosen.map(\.expert)).count == 4 else { return }
        var candidate = small
        candidate.placement = Placement(layers: [LayerPlacement(chosen)])
        let time = small.longest(candidate.placement)
        guard time < best, candidate.draft.qualitySpent(LayerID(0)) <= small.limits.qualityBudget + 1e-12 else {
          return
        }
        best = time
        which = chosen
        return
      }
      extend(chosen, place + 1, bytes)
      for replica in places[place] {
        var after = bytes
        after[replica.device.index] += small.shape.bytesPerExpert[replica.precision]
        guard after[replica.device.index] <= small.limits.residentBytes[replica.device.index] else { continue }
        extend(chosen + [replica], place + 1, after)
      }
    }
    extend([], 0, [0, 0])
    return (best, which)
  }

  @Test(arguments: [(4000, 0.002), (4000, 0.006), (5000, 0.004), (6000, 0.0)])
  func isWithinTwoPercentOfBruteForce(bytes: Int, quality: Double) throws {
    for seed in 0..<5 {
      let small = try Self.layer(seed: seed, bytes: bytes, quality: quality)
      let planner = Planner(
        shape: small.shape, topology: small.topology, cost: small.cost, split: .dispatch,
        passes: Planner.passes(searchRounds: 64))
      let plan = planner.plan(from: small.placement, for: small.estimate, within: small.limits)
      let found = small.longest(plan.target)
      let (least, which) = Self.least(small)
      #expect(
        found <= least * 1.02,
        "seed \(seed): \(found) of \(least) tokens \(small.estimate.tokensPerBatch) importance \(small.estimate.importance) \(plan.target.layers[0].replicas.map { "\($0.expert)@\($0.device)\($0.precision)" }) best \(which.map { "\($0.expert)@\($0.device)\($0.precision)" })"
      )
      #expect(plan.forecast.qualitySpent <= quality + 1e-12)
    }
  }

  /// The published ablation: at equal bytes, quantizing everything buys no more balance and costs more quality.
  @Test(arguments: 0..<4)
  func quantizingEverythingIsWorseAtEqualBytes(seed: Int) throws {
    var random = SeededRandom(seed: UInt64(seed))
    let tokens = (0..<8).map { 400 / Double($0 + 1) }.shuffled(using: &random)
    let scores = (0..<8).map { _ in Double(Int.random(in: 1...20, using: &random)) }
    var small = try SmallLayer(
      tokens: tokens, on: [0, 0, 1, 1, 2, 2, 3, 3], importance: scores.map { $0 / scores.reduce(0, +) })
    small.limits.residentBytes = Array(repeating: 4000, count: 4)
    small.limits.precisions = Self.precisions
    small.limits.qualityBudget = 0.005
    let planner = Planner(
      shape: small.shape, topology: small.topology, cost: small.cost, split: .dispatch,
      passes: Planner.passes(searchRounds: 64))
    let joint = planner.plan(from: small.placement, for: small.estimate, within: small.limits)

    var all = small
    all.placement = Placement(
      layers: [
        LayerPlacement(small.placement.layers[0].replicas.map { Replica($0.expert.index, on: $0.device.index, .int8) })
      ])
    all.limits.precisions = [.int8]
    all.limits.qualityBudget = 1
    let quantized = planner.plan(from: all.placement, for: all.estimate, within: all.limits)
    #expect(joint.forecast.qualitySpent <= quantized.forecast.qualitySpent / 2, "seed \(seed)")
    #expect(joint.forecast.nanosecondsAfter <= quantized.forecast.nanosecondsAfter * 1.05, "seed \(seed)")
    let bytes = joint.target.bytesPerDevice(shape: small.shape, devices: 4)
    #expect(bytes.allSatisfy { $0 <= 4000 })
  }
}
