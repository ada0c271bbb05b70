import BallastRuntime
import Testing

@testable import BallastControl

/// Plans beside the best placement there is, on instances small enough to try every one.
@Suite struct PlanOptimalityTests {
  /// The most a plan may exceed the optimum: on any of the instances, and on average.
  @Test(arguments: [(SplitRule.even, 0.3, 0.045), (.dispatch, 0.05, 0.005)])
  func fixedCopiesComeNearTheBestPlacement(split: SplitRule, worst: Double, mean: Double) throws {
    var excesses: [Double] = []
    for seed in 0..<60 {
      var random = SeededRandom(seed: UInt64(seed))
      let devices = Int.random(in: 2...3, using: &random)
      let experts = devices == 2 ? Int.random(in: 3...6, using: &random) : Int.random(in: 3...5, using: &random)
      let places = Int.random(in: (experts + devices - 1) / devices...min(experts, 4), using: &random)
      var small = try SmallLayer(
        tokens: (0..<experts).map { _ in Double(Int.random(in: 1...100, using: &random)) },
        on: (0..<experts).map { $0 * devices / experts })
      small.split = split
      small.limits = .unlimited(devices: devices, replicasPerDevice: places)
      let planner = Planner(
        shape: small.shape, topology: small.topology, cost: small.cost, split: split,
        passes: Planner.passes(searchRounds: 64))
      let plan = planner.plan(from: small.placement, for: small.estimate, within: small.limits)
      let best = Exhaustive.longest(small, places: places)
      let excess = small.longest(plan.target) / best - 1
      #expect((-1e-6...worst).contains(excess), "seed \(seed): \(excess)")
      excesses.append(excess)
    }
    let average = excesses.reduce(0, +) / Double(excesses.count)
    #expect(average < mean, "worst \(excesses.max() ?? 0)")
  }
}

/// Tries every placement of one layer with as many replicas on each device.
private enum Exhaustive {
  static func longest(_ small: SmallLayer, places: Int) -> Double {
    let experts = small.shape.expertsPerLayer
    let sets = (0..<(1 << experts)).filter { $0.nonzeroBitCount == places }
    var best = Double.infinity
    choose([], sets, small.topology.devices.count, all: (1 << experts) - 1) { chosen in
      let replicas = chosen.enumerated().flatMap { device, set in
        (0..<experts).filter { set & (1 << $0) != 0 }.map { Replica($0, on: device) }
      }
      best = min(best, small.longest(Placement(layers: [LayerPlacement(replicas)])))
    }
    return best
  }

  /// Devices are equal, so their sets are taken in ascending order.
  private static func choose(
    _ chosen: [Int], _ sets: [Int], _ devices: Int, all: Int, _ visit: ([Int]) -> Void
  ) {
    guard chosen.count < devices else {
      if chosen.reduce(0, |) == all { visit(chosen) }
      return
    }
    for set in sets where set >= chosen.last ?? 0 { choose(chosen + [set], sets, devices, all: all, visit) }
  }
}
