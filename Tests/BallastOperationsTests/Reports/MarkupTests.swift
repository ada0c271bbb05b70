import Testing

@testable import BallastOperations

@Suite struct MarkupTests {
  @Test func escapesTextAndAttributes() {
    #expect(escaped("<a href=\"x\">&'\u{0}\u{85}é") == "&lt;a href=&quot;x&quot;&gt;&amp;&#39;\u{FFFD}\u{FFFD}é")
    #expect(element("g", ["id": "\"><script>"]) == "<g id=\"&quot;&gt;&lt;script&gt;\"/>")
    #expect(element("p", [:], "x") == "<p>x</p>")
    #expect(label("<", x: 1, y: 2, style: "tick").hasSuffix(">&lt;</text>"))
    #expect(label("", x: 1, y: 2, style: "tick") == "")
    #expect([at(1), at(1.25), at(-0.06)] == ["1", "1.2", "-0.1"])
  }
}
