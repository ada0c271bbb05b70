import BallastGating
import Testing

@Suite struct GateTotalsTests {
  @Test func sumsAndDifferences() {
    var totals = GateTotals(tokens: 10, assignments: 40, escalated: 5)
    let before = totals
    totals.add(GateTotals(tokens: 10, assignments: 20, escalated: 0))
    #expect(totals.meanExperts == 3 && totals.escalatedShare == 0.25)
    #expect(totals.since(before) == GateTotals(tokens: 10, assignments: 20, escalated: 0))
    #expect(GateTotals().meanExperts == nil && GateTotals().escalatedShare == nil)
  }
}
