import BallastRuntime
import Testing

@testable import BallastOperations

@Suite struct DriftSegmentTests {
  /// One layer of 4 experts, 6 tokens.
  private func trace(layers: Int = 1) throws -> RoutingTrace {
    let ids: [UInt8] = Array([0, 1, 2, 3, 0, 1].flatMap { Array(repeating: UInt8($0), count: layers) })
    return .selections(
      try SelectionTrace(NumericArray(ids, shape: [6, layers, 1]), experts: 4))
  }

  @Test func filesAreSegments() throws {
    let segments = try DriftSegment.cut([trace(), trace()], windowRows: 2)
    #expect(segments.map(\.name) == ["array", "array"])
    #expect(segments.map(\.rows) == [0..<6, 0..<6])
    #expect(segments[0].windows(of: 2) == [[[1, 1, 0, 0]], [[0, 0, 1, 1]], [[1, 1, 0, 0]]])
    #expect(segments[0].windows(of: 4).count == 1)
  }

  @Test func aFileCanHaveSeveral() throws {
    let segments = try DriftSegment.cut([trace()], segmentRows: 2, windowRows: 2)
    #expect(segments.map(\.name) == ["array 0", "array 1", "array 2"])
    #expect(segments.map(\.rows) == [0..<2, 2..<4, 4..<6])
    #expect(try DriftSegment.cut([trace()], segmentRows: 99, windowRows: 2).map(\.rows) == [0..<6])
  }

  @Test func whatHoldsNoWindowIsRefused() throws {
    let trace = try trace()
    #expect(throws: DriftFigureError.windowRows(0)) { try DriftSegment.cut([trace], windowRows: 0) }
    #expect(throws: DriftFigureError.segmentRows(1, windowRows: 2)) {
      try DriftSegment.cut([trace], segmentRows: 1, windowRows: 2)
    }
    #expect(throws: DriftFigureError.tooFewWindows(file: "array", rows: 6, windowRows: 7)) {
      try DriftSegment.cut([trace], windowRows: 7)
    }
    let other = try self.trace(layers: 2)
    #expect(throws: DriftFigureError.mixedTraces(file: "array")) {
      try DriftSegment.cut([trace, other], windowRows: 2)
    }
  }

  @Test func resamplesHaveTheRowsOfTheSegmentOnly() throws {
    let segment = try DriftSegment.cut([trace()], segmentRows: 2, windowRows: 2)[1]
    var random = SplitMix64(seed: 1)
    var sums = [0, 0, 0, 0]
    for _ in 0..<500 {
      let loads = try #require(segment.resampled(windowRows: 2, stretch: 1, &random))
      #expect(loads[0].reduce(0, +) == 2)
      for expert in 0..<4 { sums[expert] += loads[0][expert] }
    }
    #expect(sums[0] == 0 && sums[1] == 0)
    #expect(abs(sums[2] - 500) < 100)
    // A stretch as long as the segment is the segment, wherever it begins.
    #expect(segment.resampled(windowRows: 2, stretch: 2, &random) == [[0, 0, 1, 1]])
    #expect(segment.resampled(windowRows: 4, stretch: 99, &random) == [[0, 0, 2, 2]])
  }

  @Test func countsAreNotResampled() throws {
    let table = try LoadTable(NumericArray([1, 2, 3, 4] as [UInt8], shape: [2, 1, 2]))
    let segment = try DriftSegment.cut([.loads(table)], windowRows: 1)[0]
    var random = SplitMix64(seed: 1)
    #expect(segment.resampled(windowRows: 1, stretch: 1, &random) == nil)
    #expect(segment.windows(of: 1) == [[[1, 2]], [[3, 4]]])
  }
}
