import Testing

@testable import BallastRuntime

@Suite struct SelectionTests {
  private func append(
    _ experts: [Int], gates: [Float]? = nil, perToken: Int = 2, to selection: inout Selection
  ) throws(SelectionError) {
    let gates = gates ?? experts.map { _ in 0.5 }
    try selection.append(
      experts: experts.span, gates: gates.span, expertsPerToken: perToken, traits: TokenTraits(phase: .decode))
  }

  @Test func rowsMayHaveDifferentLengths() throws {
    var selection = Selection(expertsPerLayer: 4)
    try append([0, 1, 2, 3], to: &selection)
    try append([3], perToken: 1, to: &selection)
    try append([], perToken: 3, to: &selection)
    #expect(selection.tokenCount == 3)
    #expect(selection.assignmentCount == 5)
    #expect((0..<3).map { selection.assignments(of: $0) } == [0..<2, 2..<4, 4..<5])
    #expect(selection.experts == [0, 1, 2, 3, 3])
    selection.removeAll()
    #expect(selection.tokenCount == 0 && selection.assignmentCount == 0 && selection.traits.isEmpty)
  }

  private func appendRagged(
    _ experts: [Int], lengths: [Int32], gates: [Float]? = nil, to selection: inout Selection
  ) throws(SelectionError) {
    let gates = gates ?? experts.map { _ in 0.5 }
    try selection.append(
      experts: experts.span, gates: gates.span, rowLengths: lengths.span, traits: TokenTraits(phase: .decode))
  }

  @Test func rowsOfTheirOwnLengthsAreAppendedAtOnce() throws {
    var selection = Selection(expertsPerLayer: 4)
    try appendRagged([0, 1, 2, 3, 3, 0], lengths: [3, 1, 2], to: &selection)
    try appendRagged([], lengths: [], to: &selection)
    #expect((0..<3).map { selection.assignments(of: $0) } == [0..<3, 3..<4, 4..<6])
    #expect(selection.experts == [0, 1, 2, 3, 3, 0] && selection.traits.count == 3)
    if case .uniform = selection.span.rows { Issue.record("ragged rows are lent as uniform ones") }
    selection.removeAll()
    try appendRagged([0, 1, 2, 3], lengths: [2, 2], to: &selection)
    guard case .uniform(2) = selection.span.rows else {
      Issue.record("rows of one length are lent as ragged ones")
      return
    }
    try append([1, 2], to: &selection)
    guard case .uniform(2) = selection.span.rows else {
      Issue.record("rows of one length, appended both ways, are lent as ragged ones")
      return
    }
    try appendRagged([1], lengths: [1], to: &selection)
    if case .uniform = selection.span.rows { Issue.record("a shorter row went unnoticed") }
  }

  @Test func rowLengthsThatDoNotTileAreNamedAndChangeNothing() throws {
    var selection = Selection(expertsPerLayer: 4)
    for (lengths, token) in [
      ([2, 0, 1], 1), ([3, 1], 1), ([1, 1], 2), ([-1], 0), ([.max, .max], 0), ([], 0),
    ] as [([Int32], Int)] {
      #expect(throws: SelectionError.rowStart(token: token)) {
        try appendRagged([0, 1, 2], lengths: lengths, to: &selection)
      }
    }
    #expect(throws: SelectionError.gateCount(gates: 1, assignments: 2)) {
      try appendRagged([0, 1], lengths: [2], gates: [1], to: &selection)
    }
    #expect(throws: SelectionError.expertOutOfRange(expert: 9, expertsPerLayer: 4)) {
      try appendRagged([0, 9], lengths: [2], to: &selection)
    }
    #expect(selection.tokenCount == 0 && selection.assignmentCount == 0)
  }

  @Test func aTokenMayGetAnotherLeastPrecision() throws {
    var selection = Selection(expertsPerLayer: 4)
    try append([0, 1, 2, 3], to: &selection)
    selection.setLeastPrecision(.int4, of: 0)
    guard case .shared = selection.span.traits else {
      Issue.record("traits that did not change are no longer shared")
      return
    }
    selection.setLeastPrecision(.float32, of: 1)
    #expect(selection.traits.map(\.leastPrecision) == [.int4, .float32])
    if case .shared = selection.span.traits { Issue.record("traits that differ are lent as shared") }
    try append([0, 1], to: &selection)
    if case .shared = selection.span.traits { Issue.record("traits that differ are lent as shared") }
  }

  @Test func badValuesAreNamedAndChangeNothing() throws {
    var selection = Selection(expertsPerLayer: 4)
    try append([0, 1], to: &selection)
    let before = selection.experts
    #expect(throws: SelectionError.unevenRows(assignments: 3, expertsPerToken: 2)) {
      try append([0, 1, 2], to: &selection)
    }
    for perToken in [0, -1, .min] {
      #expect(throws: SelectionError.unevenRows(assignments: 2, expertsPerToken: perToken)) {
        try append([0, 1], perToken: perToken, to: &selection)
      }
    }
    #expect(throws: SelectionError.gateCount(gates: 1, assignments: 2)) {
      try append([0, 1], gates: [1], to: &selection)
    }
    for expert in [4, -1, .max, .min] {
      #expect(throws: SelectionError.expertOutOfRange(expert: expert, expertsPerLayer: 4)) {
        try append([0, expert], to: &selection)
      }
    }
    for gate in [Float.nan, .infinity, -.infinity] {
      #expect(throws: SelectionError.gateNotFinite(assignment: 1)) {
        try append([0, 1], gates: [1, gate], to: &selection)
      }
    }
    #expect(selection.experts == before && selection.tokenCount == 1 && selection.gates.count == 2)
  }

  @Test func hugeExpertNumbersOfAnyTypeAreRefused() {
    var selection = Selection(expertsPerLayer: 4)
    let experts: [UInt64] = [.max]
    let gates: [Float] = [1]
    #expect(throws: SelectionError.expertOutOfRange(expert: .max, expertsPerLayer: 4)) {
      try selection.append(
        experts: experts.span, gates: gates.span, expertsPerToken: 1, traits: TokenTraits(phase: .decode))
    }
  }

  @Test func messagesNameValueAndLimit() {
    let error = SelectionError.expertOutOfRange(expert: 9, expertsPerLayer: 4)
    #expect(error.description == "expert 9 was chosen; the layer has experts 0 to 3")
  }

  @Test func gatesScaleTogether() throws {
    var selection = Selection(expertsPerLayer: 4)
    try append([0, 1], gates: [0.25, 0.75], to: &selection)
    selection.scaleGates(by: 0.5)
    #expect(selection.gates == [0.125, 0.375] && selection.experts == [0, 1])
  }
}
