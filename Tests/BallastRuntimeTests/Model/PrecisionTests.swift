import BallastRuntime
import Testing

@Suite struct PrecisionTests {
  @Test func theMoreExactStandsInForTheLess() {
    for (place, precision) in Precision.allCases.enumerated() {
      for (other, least) in Precision.allCases.enumerated() {
        #expect(precision.satisfies(least) == (place <= other))
      }
    }
  }

  @Test func namesRoundTrip() {
    for precision in Precision.allCases { #expect(Precision(name: precision.description) == precision) }
    #expect(Precision(name: "Float32") == nil)
    #expect(Precision(name: "") == nil)
  }

  @Test func perPrecisionKeepsItsValuesApart() {
    var values = PerPrecision { $0.description }
    values[.int8] = "changed"
    #expect(Precision.allCases.map { values[$0] } == ["float32", "bfloat16", "changed", "int4"])
    #expect(values != PerPrecision { $0.description })
  }
}
