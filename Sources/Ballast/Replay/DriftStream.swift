package import BallastControl
import BallastRuntime

/// A detector fed with windows one by one.
package struct DriftStream {
  private var detector: DriftDetector
  private var totals: LoadTotals
  private let samples: SampleTotals
  private let chance: Double
  private let configuration = EstimatorConfiguration(windowTokens: 1)
  private var last: LoadTotals

  package init(layers: Int, experts: Int, expertsPerToken: Int, chance: Double) {
    totals = LoadTotals(layers: layers, expertsPerLayer: experts)
    detector = DriftDetector(expertsPerToken: expertsPerToken, from: totals)
    last = totals
    samples = SampleTotals(layers: layers, expertsPerLayer: experts)
    self.chance = chance
  }

  /// What one more window shows; nil while too little is known.
  package mutating func window(_ loads: [[Int]]) -> RoutingDrift? {
    let before = totals
    for (layer, tokens) in loads.enumerated() {
      totals.add(tokens, tokens: tokens.reduce(0, +), phase: .prefill, layer: LayerID(layer))
    }
    last = totals.since(before)
    return detector.look(totals, samples: samples, configuration: configuration, chance: chance)
  }

  /// Makes the last window what drift is measured from, as a plan made from it would.
  package mutating func plan() { detector.notePlan(for: last, samples: samples, configuration: configuration) }
}
