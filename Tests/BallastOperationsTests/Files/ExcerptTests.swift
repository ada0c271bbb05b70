import Testing

@testable import BallastOperations

@Suite struct ExcerptTests {
  @Test(arguments: [
    ("short", "short"), ("12345678", "12345678"), ("123456789", "12345678…"), ("a\u{1B}[0m\n", "a\u{FFFD}[0m\u{FFFD}"),
  ])
  func fitsOneLine(_ text: String, _ expected: String) {
    #expect(excerpt(text, limit: 8) == expected)
  }
}
