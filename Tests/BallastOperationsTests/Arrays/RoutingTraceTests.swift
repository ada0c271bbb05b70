import BallastOperations
import Testing

@Suite struct RoutingTraceTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// Five tokens, two layers, two of four experts.
  func writeSelections(_ change: (inout [UInt8]) -> Void = { _ in }) throws -> String {
    var ids: [UInt8] = [0, 1, 2, 3, 0, 2, 1, 3, 0, 3, 1, 2, 0, 1, 0, 1, 3, 2, 1, 0]
    change(&ids)
    try NumericArray(ids, shape: [5, 2, 2]).write(to: scratch.path("ids.npy"))
    return scratch.path("ids.npy")
  }

  @Test func readsTheBundledTrace() throws {
    let trace = try RoutingTrace.read("\(bundledTrace)/intent.ids.npy", gates: "\(bundledTrace)/intent.gates.npy")
    guard case .selections(let selections) = trace else { throw ArrayError.expertsUnknown(file: bundledTrace) }
    #expect(selections.tokens == 4112)
    #expect(selections.layers == 26)
    #expect(selections.experts == 64)
    #expect(selections.expertsPerToken == 6)
    #expect(selections.gates?.count == selections.choices.count)
    let windows = try trace.windows(rows: 1024, batchTokens: 100)
    #expect(windows.count == 4)
    let last = try #require(windows.last)
    #expect(last.rows == 3072..<4096)
    #expect(last.loads.allSatisfy { $0.reduce(0, +) == 1024 * 6 })
    #expect(last.batches.count == 11)
    #expect(last.batches.last?.first?.reduce(0, +) == 24 * 6)
  }

  @Test func cutsSelectionsIntoWindowsAndBatches() throws {
    try scratch.write("meta.json", #"{"experts": 4, "topk": 2, "layers": [3, 4]}"#)
    let trace = try RoutingTrace.read(writeSelections())
    let windows = Array(try trace.windows(rows: 2, batchTokens: 1))
    #expect(windows.map(\.rows) == [0..<2, 2..<4])
    #expect(windows[0].loads == [[2, 1, 1, 0], [0, 1, 1, 2]])
    #expect(windows[0].batches == [[[1, 1, 0, 0], [0, 0, 1, 1]], [[1, 0, 1, 0], [0, 1, 0, 1]]])
    #expect(try trace.windows(rows: 5).map(\.batches) == [[]])
  }

  @Test func tellsLoadsByTheirLastDimension() throws {
    let path = scratch.path("counts.npy")
    try NumericArray((0..<24).map(Int32.init), shape: [3, 2, 4]).write(to: path)
    let trace = try RoutingTrace.read(path, experts: 4)
    #expect(trace.rows == 3)
    #expect(trace.layers == 2)
    #expect(trace.experts == 4)
    #expect(try trace.windows(rows: 2).map(\.loads) == [[[8, 10, 12, 14], [16, 18, 20, 22]]])
  }

  @Test func asksForTheNumberOfExperts() throws {
    let path = try writeSelections()
    #expect(throws: ArrayError.expertsUnknown(file: path)) { try RoutingTrace.read(path) }
    #expect(throws: ArrayError.self) { try RoutingTrace.read(path, experts: 1) }
    #expect(throws: ArrayError.self) { try RoutingTrace.read(path, experts: 0) }
    #expect(throws: ArrayError.self) { try RoutingTrace.read(path, experts: -3) }
    #expect(throws: ArrayError.self) { try RoutingTrace.read(path, experts: 1 << 40) }
  }

  @Test func refusesATraceThatReadsBothWays() throws {
    try scratch.write("meta.json", #"{"experts": 2, "topk": 2}"#)
    let path = try writeSelections()
    #expect(throws: ArrayError.ambiguousTrace(file: path, lastDimension: 2)) { try RoutingTrace.read(path) }
  }

  @Test func namesAnExpertOutOfRange() throws {
    let path = try writeSelections { $0[6] = 200 }
    #expect(
      throws: ArrayError.valueOutOfRange(
        file: path, position: [1, 1, 0], value: "200", allowed: "a whole number from 0 to 3")
    ) { try RoutingTrace.read(path, experts: 4) }
  }

  @Test func refusesGatesThatDoNotBelong() throws {
    let path = try writeSelections()
    let gates = scratch.path("gates.npy")
    try NumericArray(Array(repeating: 0.5 as Float, count: 10), shape: [5, 1, 2]).write(to: gates)
    #expect(throws: ArrayError.self) { try RoutingTrace.read(path, experts: 4, gates: gates) }
    try NumericArray(Array(repeating: Float.nan, count: 20), shape: [5, 2, 2]).write(to: gates)
    #expect(throws: ArrayError.self) { try RoutingTrace.read(path, experts: 4, gates: gates) }
    try NumericArray(Array(repeating: 0.5 as Float, count: 20), shape: [5, 2, 2]).write(to: gates)
    guard case .selections(let trace) = try RoutingTrace.read(path, experts: 4, gates: gates) else {
      throw ArrayError.expertsUnknown(file: path)
    }
    #expect(trace.gates == Array(repeating: 0.5, count: 20))
    #expect(throws: ArrayError.self) { try RoutingTrace.read(path, experts: 2, gates: gates) }
  }

  @Test(arguments: [
    "", "[]", "7", "{", #"{"experts": "four"}"#, #"{"experts": 4.5}"#, #"{"experts": 0}"#, #"{"experts": -1}"#,
    #"{"experts": 99999999999999999999}"#, #"{"experts": 4, "topk": 0}"#, #"{"experts": true}"#, "\u{0}",
  ])
  func refusesAMalformedDescription(_ text: String) throws {
    try scratch.write("meta.json", text)
    let path = try writeSelections()
    #expect { try RoutingTrace.read(path) } throws: { error in
      guard case .malformedDescription(let file, _) = error as? ArrayError else { return false }
      return file.hasSuffix("meta.json")
    }
  }

  @Test func survivesADeepDescription() throws {
    try scratch.write("meta.json", String(repeating: "[", count: 200_000))
    let path = try writeSelections()
    #expect(throws: ArrayError.self) { try RoutingTrace.read(path) }
  }

  @Test func refusesASmallFileThatAsksForLargeSums() throws {
    let path = scratch.path("wide.npy")
    try NumericArray(Array(repeating: UInt8(0), count: 60_000), shape: [1, 60_000, 1]).write(to: path)
    #expect(throws: ArrayError.self) { try RoutingTrace.read(path, experts: 60_000) }
  }

  @Test(arguments: [0, -1, 6, Int.max, Int.min])
  func refusesWindowsThatDoNotFit(_ rows: Int) throws {
    let path = try writeSelections()
    let trace = try RoutingTrace.read(path, experts: 4)
    #expect(throws: ArrayError.windowOutOfRange(file: path, rows: rows, available: 5)) { try trace.windows(rows: rows) }
    #expect(throws: ArrayError.self) { try trace.windows(rows: 5, batchTokens: rows) }
  }
}
