import BallastOperations
import Testing

@Suite struct LoadTableTests {
  @Test func sumsWindows() throws {
    let table = try LoadTable(NumericArray((1...12).map(Int32.init), shape: [3, 2, 2]))
    #expect(table.windows == 3)
    #expect(table.loads(of: 0..<1) == [[1, 2], [3, 4]])
    #expect(table.loads(of: 1..<3) == [[14, 16], [18, 20]])
    #expect(table.loads(of: 2..<99) == [[9, 10], [11, 12]])
  }

  @Test func takesOneWindowWithoutItsDimensionAndWholeFloats() throws {
    let table = try LoadTable(NumericArray([3, 0, 0, 0] as [Float], shape: [2, 2]))
    #expect(table.windows == 1)
    #expect(table.loads(of: 0..<1) == [[3, 0], [0, 0]])
  }

  @Test(arguments: [[], [4], [0, 4], [4, 0], [1, 4, 0], [0, 2, 2], [1, 1, 2, 2], [1, 70_000], [70_000, 1]])
  func refusesOtherShapes(_ shape: [Int]) throws {
    let array = try NumericArray(Array(repeating: UInt8(1), count: shape.reduce(1, *)), shape: shape)
    #expect { try LoadTable(array) } throws: { error in
      if case .wrongShape(_, shape, _) = error as? ArrayError { true } else { false }
    }
  }

  @Test func refusesLoadsThatAreNoCounts() throws {
    #expect {
      try LoadTable(NumericArray([1, -2] as [Int32], shape: [1, 2]))
    } throws: { error in
      "\(error)".contains("has -2 at [0, 1]; allowed is a whole number from 0")
    }
    #expect(throws: ArrayError.self) { try LoadTable(NumericArray([.nan, 1] as [Float], shape: [1, 2])) }
    #expect(throws: ArrayError.totalTooLarge(file: "array", limit: LoadTable.totalLimit)) {
      try LoadTable(NumericArray([0x1p53, 1] as [Float], shape: [1, 2]))
    }
  }
}
