import BallastRuntime
import Testing

@Suite struct PerPrecisionTests {
  @Test func eachPrecisionKeepsAValueOfItsOwn() {
    var values = PerPrecision { Int($0.rawValue) }
    for precision in Precision.allCases { #expect(values[precision] == Int(precision.rawValue)) }
    for precision in Precision.allCases {
      values = PerPrecision(repeating: 0)
      values[precision] = 7
      #expect(Precision.allCases.filter { values[$0] == 7 } == [precision])
    }
  }
}
