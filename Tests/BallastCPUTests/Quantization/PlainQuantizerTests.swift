import Testing

@testable import BallastCPU

@Suite struct PlainQuantizerTests {
  @Test(arguments: [1, 31, 32, 33, 64, 100])
  func everyWeightIsWithinHalfAStep(columns: Int) throws {
    let grid = try #require(QuantizationGrid(.int4))
    var random = Numbers(seed: UInt64(columns))
    let weights = random.gaussians(3 * columns)
    let matrix = PlainQuantizer(grid: grid).quantize(weights, rows: 3, columns: columns)
    for row in 0..<3 {
      let rounded = matrix.weights(row: row)
      for column in 0..<columns {
        let scale = abs(matrix.scales[row * grid.groups(columns) + column / 32])
        let exact = weights[row * columns + column]
        // The opposite of the least code is missing, so a weight may fall one step short; a stored scale is rounded.
        #expect(abs(rounded[column] - exact) <= scale * 1.1)
        if abs(exact) < 6.5 * scale { #expect(abs(rounded[column] - exact) <= scale * 0.501) }
      }
    }
  }

  @Test func theLargestWeightTakesTheLeastCode() throws {
    let grid = try #require(QuantizationGrid(.int8))
    let matrix = PlainQuantizer(grid: grid).quantize([1, 2, -4, 3, 0, 0, 0, 0], rows: 2, columns: 4)
    #expect(matrix.codes[2] == -128)
    #expect(matrix.scales == [0.03125, 0])
    #expect(matrix.weights(row: 1) == [0, 0, 0, 0])
  }
}
