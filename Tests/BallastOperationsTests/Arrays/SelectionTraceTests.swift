import BallastOperations
import Testing

@Suite struct SelectionTraceTests {
  static func trace(_ ids: [UInt8], _ shape: [Int], experts: Int = 4) throws -> SelectionTrace {
    try SelectionTrace(NumericArray(ids, shape: shape), experts: experts)
  }

  @Test func knowsWhereChoicesStand() throws {
    let trace = try Self.trace([0, 1, 2, 3, 3, 2, 1, 0], [2, 2, 2])
    #expect(trace.choices[trace.assignments(token: 1, layer: 0)] == [3, 2])
    #expect(trace.loads(of: 0..<2) == [[1, 1, 1, 1], [1, 1, 1, 1]])
    #expect(trace.loads(of: 1..<100) == [[0, 0, 1, 1], [1, 1, 0, 0]])
    #expect(trace.loads(of: 0..<0) == [[0, 0, 0, 0], [0, 0, 0, 0]])
  }

  @Test(arguments: [([8], 4), ([2, 4], 4), ([1, 1, 8], 4), ([2, 2, 2], 0), ([2, 2, 2], 1), ([2, 2, 2], 70_000)])
  func refusesShapesThatAreNoSelections(_ shape: [Int], _ experts: Int) {
    #expect { try Self.trace(Array(repeating: 0, count: 8), shape, experts: experts) } throws: { error in
      if case .wrongShape = error as? ArrayError { true } else { false }
    }
  }

  @Test func refusesAnExpertTheLayerDoesNotHave() {
    #expect {
      try Self.trace([0, 1, 2, 4], [2, 1, 2])
    } throws: { error in
      "\(error)" == "array has 4 at [1, 0, 1]; allowed is a whole number from 0 to 3"
    }
  }
}
