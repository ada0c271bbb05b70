import Testing

@testable import BallastCPU

@Suite struct FeedbackFactorTests {
  @Test func itsPartsMultiplyToTheMoments() throws {
    let width = 12
    var random = Numbers(seed: 5)
    let rows = random.gaussians(width * width)
    var moments = Array(repeating: Float(0), count: width * width)
    for row in 0..<width {
      for column in 0..<width {
        moments[row * width + column] = (0..<width).reduce(0) {
          $0 + rows[row * width + $1] * rows[column * width + $1]
        }
      }
    }
    let factor = try #require(FeedbackFactor(moments, width: width, damping: 0.5))
    func entry(_ row: Int, _ column: Int) -> Float {
      row == column ? 1 : row < column ? factor.feedback[row * width + column] : 0
    }
    for row in 0..<width {
      for column in 0..<width {
        let product = (0..<width).reduce(Float(0)) { $0 + entry(row, $1) * factor.weights[$1] * entry(column, $1) }
        let expected = moments[row * width + column] + (row == column ? 0.5 : 0)
        #expect(abs(product - expected) < 1e-3)
      }
    }
  }

  @Test func refusesWhatIsNotPositive() {
    #expect(FeedbackFactor([1, 2, 2, 1], width: 2, damping: 0) == nil)
    #expect(FeedbackFactor([.nan], width: 1, damping: 0) == nil)
  }
}
