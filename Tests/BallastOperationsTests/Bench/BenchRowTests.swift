import Testing

@testable import BallastOperations

@Suite struct BenchRowTests {
  @Test func saysWhetherItWasSteady() {
    let summary = SampleSummary(2, [2, 2, 2])
    let rows = [true, false].map { isSteady in
      BenchRow(
        "row", RepeatedMeasurement.Outcome(nanoseconds: summary, warmUpSamples: 80, isSteady: isSteady),
        unit: "ns/call",
        floor: 1, scale: 2)
    }
    #expect(rows[0].figure == BenchFigure(median: 4, p99: 4, unit: "ns/call", floor: 1))
    #expect(rows[0].figure.ratio == 4)
    let table = BenchRow.table(rows)
    #expect(table.rows.map { $0.last } == ["after 80", "no, in 80"])
    #expect(table.text.contains("±0.0 %"))
  }
}
