import Testing

@testable import BallastServing

@Suite struct RootMeanSquareNormTests {
  @Test(arguments: [3, 8, 11])
  func everyRowGetsAMeanSquareOfOne(width: Int) {
    let input = (0..<2 * width).map { Float($0 * $0 % 7) - 2.5 }
    let weight = (0..<width).map { Float($0 + 1) }
    var output = [Float](repeating: 0, count: 2 * width)
    RootMeanSquareNorm.normalize(input, rows: 2, weight: weight, epsilon: 0, into: &output)
    for row in 0..<2 {
      let values = (0..<width).map { output[row * width + $0] / weight[$0] }
      #expect(abs(values.reduce(0) { $0 + $1 * $1 } / Float(width) - 1) < 1e-5)
      #expect((values[0] < 0) == (input[row * width] < 0))
    }
  }

  @Test func epsilonKeepsZerosZero() {
    var output: [Float] = [1, 1]
    RootMeanSquareNorm.normalize([0, 0], rows: 1, weight: [1, 1], epsilon: 1e-5, into: &output)
    #expect(output == [0, 0])
  }
}
