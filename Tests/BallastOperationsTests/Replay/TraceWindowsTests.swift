import Testing

@testable import BallastOperations

@Suite struct TraceWindowsTests {
  /// Loads of one layer and two experts; the first expert's tokens number the rows.
  private static func counts(_ name: String, rows: Range<Int>, experts: Int = 2) throws -> RoutingTrace {
    let values = rows.flatMap { row in (0..<experts).map { $0 == 0 ? Int32(row) : 0 } }
    let scratch = try Scratch()
    let path = scratch.path(name)
    try NumericArray(values, shape: [rows.count, 1, experts]).write(to: path)
    return try RoutingTrace.read(path, experts: experts)
  }

  @Test func tailsAreDroppedAndFilesKeptApart() throws {
    let traces = [
      try Self.counts("a", rows: 1..<6), try Self.counts("b", rows: 100..<101), try Self.counts("c", rows: 10..<13),
    ]
    let windows = try TraceWindows(traces, rows: 2)
    #expect(windows.count == 3)
    #expect(windows.map { $0[0][0][0] } == [1 + 2, 3 + 4, 10 + 11])
    #expect(windows.layers == 1 && windows.experts == 2)
  }

  @Test func oneWindowHasNothingToBeJudgedBy() throws {
    let traces = [try Self.counts("a.npy", rows: 1..<6), try Self.counts("b.npy", rows: 1..<3)]
    #expect { try TraceWindows(traces, rows: 4) } throws: { error in
      ["a.npy", "b.npy", "5, 2 rows", "1 whole windows of 4", "at least 2"].allSatisfy("\(error)".contains)
    }
    for rows in [0, -1, Int.max] { #expect(throws: TraceWindowsError.self) { try TraceWindows(traces, rows: rows) } }
  }

  @Test func tracesMustAgree() throws {
    let traces = [try Self.counts("a.npy", rows: 1..<6), try Self.counts("b.npy", rows: 1..<6, experts: 3)]
    #expect { try TraceWindows(traces, rows: 1) } throws: { "\($0)".contains("b.npy has 1 layers of 3 experts") }
    #expect { try TraceWindows([traces[0]], rows: 1, batchTokens: 1) } throws: {
      "\($0)".contains("a.npy holds counts")
    }
  }

  @Test func batchesOfTheBundledTrace() throws {
    let trace = try RoutingTrace.read(bundledTrace + "/intent.ids.npy")
    let windows = try TraceWindows([trace], rows: 2000, batchTokens: 900)
    let tokens = windows.map { window in window.map { $0[0].reduce(0, +) / 6 } }
    #expect(tokens == [[900, 900, 200], [900, 900, 200]])
  }
}
