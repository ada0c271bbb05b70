import Testing

@testable import BallastOperations

@Suite struct PlanBenchTests {
  private static let scale = PlanBench.Scale(layers: 2, experts: 16, copies: 20, devices: 4, expertsPerToken: 2)

  @Test func aRowSaysTheMedianAndTheWorstSeed() throws {
    let each = try (1...3).map { seed in
      try PlanBench(seeds: [UInt64(seed)], repetitions: 1).row(Self.scale, exponent: 1).imbalance
    }
    let row = try PlanBench(seeds: [1, 2, 3], repetitions: 2).row(Self.scale, exponent: 1)
    #expect(row.imbalance == each.sorted()[1] && row.worstImbalance == each.max())
    #expect(row.lowerBound >= 1 && row.lowerBound <= row.imbalance && row.milliseconds > 0)
  }

  @Test func theTableHasALineForEachRow() throws {
    let row = try PlanBench(seeds: [1], repetitions: 1).row(Self.scale, exponent: 0.6)
    let table = PlanBench.table([row, row])
    #expect(table.rows.count == 2 && table.rows[0].count == table.columns.count)
    #expect(table.text.contains("2 × 16 → 20, 4"))
  }

  @Test func impossibleScalesAreRefused() {
    var scale = Self.scale
    scale.copies = 18
    #expect(throws: PlanBenchError.self) { try PlanBench(seeds: [1], repetitions: 1).row(scale, exponent: 1) }
  }
}
