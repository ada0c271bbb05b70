import Testing

@testable import BallastServing

@Suite struct JSONReaderTests {
  private func read(_ text: String) throws -> JSONValue { try JSONReader.read(Array(text.utf8), file: "f") }

  @Test func readsEveryKindOfValue() throws {
    #expect(
      try read(" {\"a\": [1, -2.5e+3, true, false, null, \"x\"], \"b\": {}, \"c\": []}\n")
        == .object([
          "a": .array([.number("1"), .number("-2.5e+3"), .boolean(true), .boolean(false), .null, .string("x")]),
          "b": .object([:]), "c": .array([]),
        ]))
  }

  @Test func readsEscapes() throws {
    #expect(try read("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00é\"") == .string("\"\\/\u{8}\u{c}\n\r\té😀é"))
  }

  @Test(arguments: [
    "-", "1.", "1e", "+1", ".5", "[1,]", "{\"a\":1,}", "\"\\x\"", "\"\\u12\"", "\"\\ud800x\"", "tru", "[1 2]", "\"",
  ])
  func refusesWhatIsNotJSON(text: String) {
    #expect(throws: CheckpointError.self) { try read(text) }
  }
}
