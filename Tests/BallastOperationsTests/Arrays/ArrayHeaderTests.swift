import Testing

@testable import BallastOperations

@Suite struct ArrayHeaderTests {
  @Test(arguments: [[], [0], [7], [2, 3], [1, 2, 3, 4, 5]])
  func readsWhatItEncodes(_ shape: [Int]) throws {
    for type in ArrayElementType.allCases {
      let header = ArrayHeader.encoded(type: type, shape: shape)
      #expect(header.count % 64 == 0)
      let elements = try ArrayHeader.byteCount(shape: shape, type: type, file: "a")
      let read = try ArrayHeader(header + Array(repeating: 0, count: elements), file: "a")
      #expect(read.type == type)
      #expect(read.shape == shape)
      #expect(read.byteCount == header.count)
    }
  }

  @Test func countsBytesWithoutOverflow() throws {
    #expect(try ArrayHeader.byteCount(shape: [3, 4], type: .float16, file: "a") == 24)
    #expect(try ArrayHeader.byteCount(shape: [3, 0], type: .float16, file: "a") == 0)
    #expect(throws: ArrayError.sizeOverflow(file: "a", shape: [Int.max, 2])) {
      try ArrayHeader.byteCount(shape: [Int.max, 2], type: .uint8, file: "a")
    }
    #expect(throws: ArrayError.sizeOverflow(file: "a", shape: [-2])) {
      try ArrayHeader.byteCount(shape: [-2], type: .uint8, file: "a")
    }
  }
}
