import Testing

@Suite struct MaskedTextTests {
  @Test(arguments: [
    ("a // b", "a"),
    ("a /* /* b */ c */ d", "a d"),
    ("f(\"x // }\") + 1", "f( ) + 1"),
    ("f(\"x \\(g(\"}\")) {\") + 1", "f( ) + 1"),
    ("f(#\"x \"{\" \\(y\"#) + 1", "f( ) + 1"),
    ("f(\"\"\"\n  \"{\" // no\n  \"\"\") + 1", "f( ) + 1"),
    ("f(\"\\\"{\") + 1", "f( ) + 1"),
  ])
  func codeStandsAlone(text: String, code: String) {
    let masked = MaskedText(text)
    #expect(masked.code.split { $0 == " " || $0 == "\n" }.joined(separator: " ") == code)
    #expect(masked.code.utf8.count == text.utf8.count)
  }

  @Test func commentsStandAlone() {
    let masked = MaskedText("let url = \"http://x\" // Safety: é\n/* more */ let y = 1\n")
    #expect(masked.comments.split { $0 == " " || $0 == "\n" } == ["//", "Safety:", "é", "/*", "more", "*/"])
  }
}
