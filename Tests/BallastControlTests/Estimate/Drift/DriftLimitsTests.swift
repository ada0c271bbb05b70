import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct DriftLimitsTests {
  @Test func deviationsAreThoseOfTheNormalLaw() {
    for (chance, expected) in [(0.5, 0.0), (0.15865525, 1.0), (0.025, 1.959964), (0.001, 3.090232), (1e-6, 4.753424)] {
      #expect(abs(DriftLimits.deviations(chance: chance) - expected) < 1e-5)
    }
  }

  @Test func quantilesAreThoseOfChiSquare() {
    for (freedom, chance, expected) in [
      (10.0, 0.01, 23.209), (10, 0.001, 29.588), (63, 0.05, 82.529), (3, 0.01, 11.345),
    ] {
      let quantile = DriftLimits.quantile(freedom: freedom, chance: chance) * freedom
      #expect(abs(quantile / expected - 1) < 0.02, "\(freedom), \(chance)")
    }
  }

  private func limits(choices: Double, neighbours: Int = 32) -> DriftLimits {
    DriftLimits(chance: 0.01, choicesPerToken: choices, usual: 1, usualByLayer: [1], neighbours: neighbours)
  }

  @Test func moreChoicesATokenAndFewerNeighboursAllowMore() {
    let tight = limits(choices: 1).limit(freedom: 60, usual: 1, chance: 0.01)
    #expect(limits(choices: 6).limit(freedom: 60, usual: 1, chance: 0.01) > tight)
    #expect(limits(choices: 1, neighbours: 3).limit(freedom: 60, usual: 1, chance: 0.01) > tight)
    #expect(limits(choices: 1).limit(freedom: 60, usual: 2, chance: 0.01) == 2 * tight)
    #expect(limits(choices: 1).limit(freedom: 0, usual: 1, chance: 0.01) == .infinity)
  }

  /// Experts that are always chosen together, and layers that all choose alike, exceed the limit as seldom as stated.
  @Test(arguments: [1, 4]) func theStatedRateHoldsHoweverExpertsAndLayersGoTogether(together: Int) throws {
    var routing = DrawnRouting(experts: 48, together: together, seed: 11)
    let limits = limits(choices: Double(together), neighbours: .max)
    var beyond = 0
    let resamples = 2000
    for _ in 0..<resamples {
      let found = try #require(
        LayerDrift(LayerID(0), window: routing.tokens(240), reference: routing.tokens(240)))
      // A mean of equal layers deviates as much as one of them.
      if found.surprise > limits.limit(freedom: found.freedom, usual: 1, chance: 0.01) { beyond += 1 }
    }
    #expect(beyond <= resamples / 100 + 12, "\(beyond) of \(resamples)")
    #expect(beyond > 0)
  }
}
