import BallastControl
import BallastRuntime
import Testing

@Suite struct PrecisionMixTests {
  private static let precisions: [Precision] = [.bfloat16, .int8, .int4]

  private static func shape(experts: Int) throws -> ModelShape {
    try ModelShape(
      layers: 1, expertsPerLayer: experts, expertsPerToken: 1,
      bytesPerExpert: PerPrecision { [4000, 2000, 1100, 600][Int($0.rawValue)] }, fullPrecision: .bfloat16)
  }

  private static func errors(_ experts: Int, _ random: inout SeededRandom) -> ErrorEstimate {
    var errors = ErrorEstimate()
    for expert in 0..<experts {
      let int8 = Double.random(in: 0.005...0.02, using: &random)
      let place = (layer: LayerID(0), expert: ExpertID(expert))
      errors.note(int8, layer: place.layer, expert: place.expert, precision: .int8)
      errors.note(
        int8 * Double.random(in: 4...20, using: &random), layer: place.layer, expert: place.expert, precision: .int4)
    }
    return errors
  }

  private static func harm(_ mix: [Precision], _ importance: [Double], _ errors: ErrorEstimate) -> Double {
    mix.indices.reduce(0) { sum, expert in
      sum + importance[expert]
        * errors.error(layer: LayerID(0), expert: ExpertID(expert), precision: mix[expert], full: .bfloat16)
    }
  }

  /// Every mix of five experts is tried; greedy loses at most what one more step would have gained.
  @Test(arguments: 1...20 as ClosedRange<UInt64>) func isNearTheBestOfAllMixes(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let shape = try Self.shape(experts: 5)
    let errors = Self.errors(5, &random)
    let importance = (0..<5).map { _ in Double.random(in: 0...1, using: &random) }
    let budget = Int.random(in: 3000...10_000, using: &random)
    let mix = try PrecisionMix(
      shape: shape, allowed: Self.precisions, importance: [importance], errors: errors, budgetBytes: budget)
    #expect(mix.bytes == mix.precisions[0].reduce(0) { $0 + shape.bytesPerExpert[$1] })
    #expect(mix.bytes <= budget)
    var best = Double.infinity
    for code in 0..<243 {
      let other = (0..<5).map { Self.precisions[code / [1, 3, 9, 27, 81][$0] % 3] }
      guard other.reduce(0, { $0 + shape.bytesPerExpert[$1] }) <= budget else { continue }
      best = min(best, Self.harm(other, importance, errors))
    }
    let largest =
      (0..<5).map { expert in
        importance[expert]
          * errors.error(layer: LayerID(0), expert: ExpertID(expert), precision: .int4, full: .bfloat16)
      }.max() ?? 0
    #expect(Self.harm(mix.precisions[0], importance, errors) <= best + largest, "seed \(seed)")
  }

  @Test func importantExpertsStayExact() throws {
    let shape = try Self.shape(experts: 4)
    let mix = try PrecisionMix(
      shape: shape, allowed: Self.precisions, importance: [[0.1, 0.9, 0.2, 0.1]], errors: ErrorEstimate(),
      budgetBytes: 3 * 1100 + 2000)
    #expect(mix.precisions == [[.int8, .bfloat16, .int8, .int8]])
  }

  @Test func withRoomForAllEverythingIsExact() throws {
    let shape = try Self.shape(experts: 3)
    let mix = try PrecisionMix(
      shape: shape, allowed: Precision.allCases, importance: [[1, 1, 1]], errors: ErrorEstimate(),
      budgetBytes: .max)
    #expect(mix.precisions == [[.bfloat16, .bfloat16, .bfloat16]])
  }

  @Test func aBudgetTooSmallIsRefusedWithBothNumbers() throws {
    let shape = try Self.shape(experts: 3)
    let expected = PrecisionMixError.tooSmall(precision: .int4, neededBytes: 1800, budgetBytes: 1799)
    #expect(throws: expected) {
      try PrecisionMix(
        shape: shape, allowed: Self.precisions, importance: [[1, 1, 1]], errors: ErrorEstimate(), budgetBytes: 1799)
    }
    #expect(expected.description.contains("1800") && expected.description.contains("1799"))
  }
}
