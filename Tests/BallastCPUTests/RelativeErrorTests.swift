import Testing

@testable import BallastCPU

@Suite struct RelativeErrorTests {
  private func error(_ pairs: [(Float, Float)]) -> Double? {
    var error = RelativeError()
    for (approximation, exact) in pairs { error.add(approximation, exact: exact) }
    return error.value
  }

  @Test func isDistanceOverLength() {
    #expect(error([(3, 3), (5, 4)]) == 0.2)
    #expect(error([]) == 0)
    #expect(error([(0, 0)]) == 0)
    #expect(error([(1, 0)]) == 1)
    #expect(error([(.nan, 1)]) == nil)
    #expect(error([(1, .infinity)]) == nil)
  }
}
