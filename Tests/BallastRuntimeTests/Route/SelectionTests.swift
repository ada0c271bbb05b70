import BallastRuntime
import Testing

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
