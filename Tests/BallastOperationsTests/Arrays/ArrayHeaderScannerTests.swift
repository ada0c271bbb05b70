import Testing

@testable import BallastOperations

@Suite struct ArrayHeaderScannerTests {
  static func fields(_ text: String) throws -> ArrayHeaderScanner.Fields {
    var scanner = ArrayHeaderScanner(bytes: Array(("..." + text).utf8)[3...], file: "a")
    return try scanner.fields()
  }

  @Test(arguments: [
    "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", "{'shape':(2,3),'fortran_order':True,'descr':'<f4'}",
    " {\n\"descr\" : \"<f4\" , \"shape\" : ( 2 , 3 , ) , 'fortran_order' : True } \n",
  ])
  func readsTheLiteralHoweverItIsWritten(_ text: String) throws {
    let fields = try Self.fields(text)
    #expect(fields.descriptor == "<f4")
    #expect(fields.isColumnMajor)
    #expect(fields.shape == [2, 3])
  }

  @Test func saysWhereItFailed() {
    #expect(throws: ArrayError.malformedHeader(file: "a", byte: 13, expected: "':'")) {
      try Self.fields("{'descr'  '<f4'}")
    }
    #expect(throws: ArrayError.malformedHeader(file: "a", byte: 5, expected: "plain text between quotes")) {
      try Self.fields("{'")
    }
  }
}
