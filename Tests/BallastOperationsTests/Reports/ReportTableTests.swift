import BallastOperations
import Testing

@Suite struct ReportTableTests {
  @Test func alignsNumbersToTheRight() {
    let table = ReportTable(
      title: "Both arms", columns: ["measure", "static", "adaptive"],
      rows: [["tokens/s", "1200.5", "1350"], ["bytes", "9.5 MiB", "–"], ["short"]])
    #expect(
      table.text == """
        Both arms
        measure    static  adaptive
        ────────  ───────  ────────
        tokens/s   1200.5      1350
        bytes     9.5 MiB         –
        short

        """)
  }

  @Test func keepsEachRowOnItsLine() {
    let table = ReportTable(columns: ["a", "b"], rows: [["x\ny\tz", "1", "left out"], []])
    #expect(table.text == "a      b\n─────  ─\nx y z  1\n\n")
    #expect(ReportTable(columns: [], rows: [["x"]]).text == "\n\n\n")
  }
}
