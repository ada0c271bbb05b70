import BallastRuntime
import Testing

@testable import BallastCPU

@Suite struct PlainQuantizerTests {
  @Test(arguments: [1, 31, 32, 33, 64, 100], [Precision.int8, .int4])
  func everyWeightIsWithinAStep(columns: Int, precision: Precision) throws {
    let grid = try #require(QuantizationGrid(precision))
    var random = Numbers(seed: UInt64(columns))
    let weights = random.gaussians(3 * columns)
    let matrix = try #require(PlainQuantizer(grid: grid).quantize(weights, rows: 3, columns: columns))
    for row in 0..<3 {
      let rounded = matrix.weights(row: row)
      for column in 0..<columns {
        let scale = abs(matrix.scales[row * grid.groups(columns) + column / 32])
        let exact = weights[row * columns + column]
        // The largest weight of a group may be a little beyond the last code; no other is.
        #expect(abs(rounded[column] - exact) <= scale * 1.01)
        if abs(exact) < scale * Float(-grid.leastCode - 1) { #expect(abs(rounded[column] - exact) <= scale * 0.501) }
      }
    }
  }

  @Test func aGroupOfZerosIsZero() throws {
    let grid = try #require(QuantizationGrid(.int4))
    let matrix = try #require(PlainQuantizer(grid: grid).quantize([1, 0, 0, 0], rows: 2, columns: 2))
    #expect(matrix.weights(row: 1) == [0, 0])
  }

  @Test(arguments: [Float.nan, .infinity]) func refusesWhatIsNotFinite(bad: Float) throws {
    let grid = try #require(QuantizationGrid(.int8))
    #expect(PlainQuantizer(grid: grid).quantize([1, bad], rows: 1, columns: 2) == nil)
  }
}
