import BallastRuntime
import Testing

@testable import BallastControl

@Suite struct DriftDetectorTests {
  /// A detector and the totals it sees.
  private struct Rig {
    var detector: DriftDetector
    var totals: LoadTotals
    var routing: DrawnRouting
    var samples: SampleTotals
    var configuration: EstimatorConfiguration
    var chance = 0.001
    let tokens: Int

    init(layers: Int = 2, experts: Int = 48, together: Int = 1, tokens: Int = 480, seed: UInt64) {
      self.tokens = tokens
      totals = LoadTotals(layers: layers, expertsPerLayer: experts)
      detector = DriftDetector(expertsPerToken: together, from: totals)
      routing = DrawnRouting(experts: experts, together: together, seed: seed)
      samples = SampleTotals(layers: layers, expertsPerLayer: experts)
      configuration = EstimatorConfiguration(windowTokens: tokens)
    }

    mutating func look() -> RoutingDrift? {
      detector.look(totals, samples: samples, configuration: configuration, chance: chance)
    }

    /// What one more window shows.
    mutating func window(first: Int = 0, isShared: Bool = false) -> RoutingDrift? {
      routing.add(tokens, first: first, isShared: isShared, to: &totals)
      return look()
    }

    /// The same where something is to be found.
    mutating func found(first: Int = 0) throws -> RoutingDrift {
      let found = window(first: first)
      return try #require(found)
    }
  }

  @Test func nothingIsSaidUntilNeighboursHaveTaughtWhatIsUsual() throws {
    var rig = Rig(seed: 1)
    for _ in 0...DriftDetector.leastNeighbours {
      let early = rig.window()
      #expect(early == nil)
    }
    _ = try rig.found()
  }

  @Test func aWindowIsWaitedFor() {
    var rig = Rig(seed: 1)
    for _ in 0...DriftDetector.leastNeighbours { _ = rig.window() }
    rig.routing.add(rig.tokens / 2, to: &rig.totals)
    let half = rig.look()
    rig.routing.add(rig.tokens / 2, to: &rig.totals)
    let whole = rig.look()
    let nothing = rig.look()
    #expect(half == nil)
    #expect(whole != nil)
    #expect(nothing == nil)
  }

  @Test(arguments: UInt64(1)...8) func aPlantedShiftIsFoundInItsFirstWindow(seed: UInt64) throws {
    var rig = Rig(seed: seed)
    for _ in 0..<12 { _ = rig.window() }
    let before = try rig.found()
    #expect(before.score < 1)
    #expect(before.overlap > 0.9)
    let after = try rig.found(first: 20)
    #expect(after.score > 1, "seed \(seed)")
    #expect(after.driftedLayers == [LayerID(0), LayerID(1)])
    #expect(after.overlap < 0.8)
    #expect(after.divergence > before.divergence)
    // The reference stays, and so does the drift.
    let drifted = try rig.found(first: 20)
    #expect(drifted.score > 1)
    let calm = try rig.found()
    #expect(calm.score < 1)
  }

  @Test func aPlanMovesTheReference() throws {
    var rig = Rig(seed: 4)
    for _ in 0..<8 { _ = rig.window() }
    let shifted = try rig.found(first: 20)
    #expect(shifted.score > 1)
    var planned = LoadTotals(layers: 2, expertsPerLayer: 48)
    rig.routing.add(rig.tokens, first: 20, to: &planned)
    rig.detector.notePlan(for: planned, samples: rig.samples, configuration: rig.configuration)
    let same = try rig.found(first: 20)
    #expect(same.score < 1)
    rig.detector.notePlan(
      for: LoadTotals(layers: 2, expertsPerLayer: 48), samples: rig.samples, configuration: rig.configuration)
    let still = try rig.found(first: 20)
    #expect(still.score < 1)
  }

  /// The rate the configuration states, on more than a thousand windows of one load: independent layers, and layers
  /// that choose alike with experts that are always chosen together.
  @Test(arguments: [(1, false), (4, true)]) func falseAlarmsAreAsRareAsStated(together: Int, isShared: Bool) throws {
    var alarms = 0
    var windows = 0
    for seed in UInt64(1)...25 {
      var rig = Rig(experts: 24, together: together, tokens: 120, seed: seed)
      rig.chance = 0.01
      for _ in 0..<48 {
        guard let found = rig.window(isShared: isShared) else { continue }
        windows += 1
        if found.score > 1 { alarms += 1 }
      }
    }
    #expect(windows >= 1000)
    // Three deviations above a hundredth.
    #expect(Double(alarms) <= 0.01 * Double(windows) + 10, "\(alarms) of \(windows)")
  }

  /// Windows of one text each differ more than chance, and by the same all the time: that is no drift.
  @Test func whatNeighboursAlwaysShowIsNoDrift() {
    var rig = Rig(seed: 9)
    var alarms = 0
    for window in 0..<40 {
      // Every window leans to one of four texts.
      var part = LoadTotals(layers: 2, expertsPerLayer: 48)
      rig.routing.add(rig.tokens / 3, first: [0, 12, 24, 36][window * 7 % 4], to: &part)
      for layer in 0..<2 {
        let loads = part.weighted(LayerID(layer), prefill: 1, decode: 1).map { Int($0) }
        rig.totals.add(loads, tokens: rig.tokens / 3, phase: .prefill, layer: LayerID(layer))
      }
      rig.routing.add(rig.tokens * 2 / 3, to: &rig.totals)
      if let found = rig.look(), found.score > 1 { alarms += 1 }
    }
    #expect(alarms == 0)
  }

  @Test func tokensCountByTheWeightsOfTheirPhase() throws {
    var rig = Rig(seed: 2)
    rig.configuration.prefillWeight = 0
    for _ in 0..<8 {
      let nothing = rig.window()
      #expect(nothing == nil)
    }
    rig.configuration.prefillWeight = 500
    for _ in 0..<8 { _ = rig.window() }
    let found = try rig.found()
    #expect(found.score < 1)
  }

  @Test func importanceIsThatOfTheReference() throws {
    var rig = Rig(seed: 6)
    rig.samples.importance[0][40] = 5
    rig.samples.importance[1][0] = 5
    for _ in 0..<8 { _ = rig.window() }
    // What is sampled after the reference was taken is not past.
    rig.samples.importance[0][0] = 100
    let found = try rig.found()
    #expect(found.risen.contains { $0.layer == LayerID(0) && $0.expert == ExpertID(0) && $0.importance == 0 })
    #expect(!found.risen.contains { $0.layer == LayerID(1) && $0.expert == ExpertID(0) })
  }
}
