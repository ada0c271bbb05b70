import Testing

@testable import BallastCPU

@Suite struct QuantizedMatrixTests {
  @Test func aRowIsItsCodesTimesTheirScales() throws {
    let grid = try #require(QuantizationGrid(.int4))
    var matrix = QuantizedMatrix(rows: 2, columns: 33, grid: grid)
    matrix.codes[0] = -8
    matrix.codes[32] = 3
    matrix.scales = [0.5, 2, 0, 0]
    #expect(matrix.weights(row: 0)[0] == -4 && matrix.weights(row: 0)[32] == 6)
    var other = QuantizedMatrix(rows: 1, columns: 33, grid: grid)
    other.replaceRow(0, by: matrix, row: 0)
    #expect(other.weights(row: 0) == matrix.weights(row: 0))
  }

  @Test func lendsCodesAndStoredScales() throws {
    let grid = try #require(QuantizationGrid(.int8))
    var matrix = QuantizedMatrix(rows: 1, columns: 2, grid: grid)
    matrix.codes = [5, -7]
    matrix.scales = [-0.5]
    let seen = matrix.withCodes { ([$0.pointee.codes[0], $0.pointee.codes[1]], $0.pointee.scales[0]) }
    #expect(seen.0 == [5, -7] && seen.1 == UInt16(Float(-0.5).bitPattern >> 16))
  }
}
