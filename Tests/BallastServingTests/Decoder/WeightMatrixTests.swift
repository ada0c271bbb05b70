import Testing

@testable import BallastServing

@Suite struct WeightMatrixTests {
  private let matrix = WeightMatrix(rows: 2, columns: 3, values: [1, 2, 3, 4, 5, 6])

  @Test func multipliesEachRow() {
    var output: [Float] = [9, 9, 9, 9, 9]
    matrix.multiply([1, 0, 0, 1, 1, 1], tokens: 2, into: &output)
    #expect(output == [1, 4, 6, 15, 9])
  }

  @Test func addsToWhatIsThere() {
    var output: [Float] = [10, 20]
    matrix.multiply([0, 1, 0], tokens: 1, addingTo: &output)
    #expect(output == [12, 25])
  }
}
