import Testing

@testable import BallastOperations

@Suite struct JSONTextTests {
  @Test func isTheSameTextEveryTime() {
    let text = JSONText.text(["b": ["a/c"], "a": []])
    #expect(text == "{\n  \"a\" : [\n\n  ],\n  \"b\" : [\n    \"a/c\"\n  ]\n}\n")
  }

  @Test func whatIsNoNumberIsNamed() {
    #expect(JSONText.text([Double.nan]).contains("\"NaN\""))
    #expect(JSONText.text([Double.infinity, -.infinity]).contains("\"-Infinity\""))
  }
}
