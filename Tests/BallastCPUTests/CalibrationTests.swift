import Testing

@testable import BallastCPU

@Suite struct CalibrationTests {
  @Test func findsTheLineThroughPoints() {
    let line = Calibration.line(through: [1, 2, 4, 8, 32].map { (tokens: $0, time: 300 + 25 * $0) })
    #expect(abs(line.activation - 300) < 1e-6)
    #expect(abs(line.perToken - 25) < 1e-6)
  }

  @Test func neitherCoefficientIsBelowZero() {
    let falling = Calibration.line(through: [(tokens: 1, time: 100), (tokens: 2, time: 90)])
    #expect(falling.perToken > 0)
    let steep = Calibration.line(through: [(tokens: 1, time: 1), (tokens: 2, time: 10)])
    #expect(steep.activation == 0)
  }
}
