import BallastRuntime
import Testing

@testable import BallastCPU

@Suite struct WeightedQuantizerTests {
  private struct Case {
    let rows: Int
    let columns: Int
    let weights: [Float]
    let moments: InputMoments

    /// Weights and tokens whose inputs depend on each other, as real ones do.
    init(rows: Int, columns: Int, tokens: Int, seed: UInt64) {
      self.rows = rows
      self.columns = columns
      var random = Numbers(seed: seed)
      weights = random.gaussians(rows * columns)
      let mixing = random.gaussians(columns * columns)
      var moments = InputMoments(width: columns)
      for _ in 0..<tokens {
        let source = random.gaussians(columns / 4 + 1)
        let input = (0..<columns).map { column in
          source.indices.reduce(random.nextGaussian() * 0.1) { $0 + source[$1] * mixing[column * columns + $1] }
        }
        moments.add(input.span, weight: 0.1 + abs(random.nextGaussian()))
      }
      self.moments = moments
    }

    func errors(_ matrix: QuantizedMatrix) throws -> [Double] {
      let moments = try #require(moments.symmetric)
      return (0..<rows).map { row in
        WeightedQuantizer.error(
          weights.span.extracting(row * columns..<(row + 1) * columns), matrix.weights(row: row), moments)
      }
    }
  }

  @Test(arguments: 1...8)
  func noRowIsWorseThanPlainOnTheCalibration(seed: UInt64) throws {
    let grid = try #require(QuantizationGrid(seed % 2 == 0 ? .int8 : .int4))
    let instance = Case(rows: 5 + Int(seed) * 3, columns: 20 + Int(seed) * 9, tokens: Int(seed) * 12, seed: seed)
    let plain = try #require(
      PlainQuantizer(grid: grid).quantize(instance.weights, rows: instance.rows, columns: instance.columns))
    let weighted = try #require(
      WeightedQuantizer(grid: grid).quantize(
        instance.weights, rows: instance.rows, columns: instance.columns, moments: instance.moments))
    for (one, other) in zip(try instance.errors(weighted), try instance.errors(plain)) { #expect(one <= other) }
  }

  @Test func errsMuchLessThanPlainWhereInputsDependOnEachOther() throws {
    let grid = try #require(QuantizationGrid(.int4))
    let instance = Case(rows: 16, columns: 64, tokens: 300, seed: 4)
    let plain = try #require(PlainQuantizer(grid: grid).quantize(instance.weights, rows: 16, columns: 64))
    let weighted = try #require(
      WeightedQuantizer(grid: grid).quantize(
        instance.weights, rows: 16, columns: 64, moments: instance.moments))
    #expect(try instance.errors(weighted).reduce(0, +) < 0.5 * instance.errors(plain).reduce(0, +))
  }

  @Test func isPlainWithoutTokens() throws {
    let grid = try #require(QuantizationGrid(.int4))
    let instance = Case(rows: 3, columns: 40, tokens: 0, seed: 2)
    #expect(
      WeightedQuantizer(grid: grid).quantize(instance.weights, rows: 3, columns: 40, moments: instance.moments)
        == PlainQuantizer(grid: grid).quantize(instance.weights, rows: 3, columns: 40))
  }

  @Test func aGroupOfZerosStaysZero() throws {
    let grid = try #require(QuantizationGrid(.int4))
    let instance = Case(rows: 2, columns: 64, tokens: 40, seed: 3)
    let weights = (0..<128).map { $0 % 64 < 32 ? 0 : instance.weights[$0] }
    let matrix = try #require(
      WeightedQuantizer(grid: grid).quantize(weights, rows: 2, columns: 64, moments: instance.moments))
    for row in 0..<2 { #expect(matrix.weights(row: row)[0..<32].allSatisfy { $0 == 0 }) }
  }

  @Test func refusesWhatIsNotFinite() throws {
    let grid = try #require(QuantizationGrid(.int4))
    let instance = Case(rows: 1, columns: 8, tokens: 5, seed: 6)
    let weights = [Float](repeating: .nan, count: 8)
    #expect(WeightedQuantizer(grid: grid).quantize(weights, rows: 1, columns: 8, moments: instance.moments) == nil)
  }

  @Test func theErrorIsTheQuadraticForm() {
    let exact: [Float] = [1, 2]
    #expect(WeightedQuantizer.error(exact.span, [0, 4], [2, 1, 1, 3]) == 2 - 4 + 12)
  }
}
