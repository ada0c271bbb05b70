import Testing

@Suite struct QuotationsTests {
  @Test func theReadmeShowsWhatRuns() throws {
    let examples = try Repository.files(in: "Examples/Sources", extensions: ["swift", "txt"])
    let readme = try Repository.file("README.md")
    expectNone(Quotations.violations(in: readme, from: examples))
    #expect(readme.lines.contains("```swift"))
  }

  @Test func anotherTextIsSeen() {
    let example = SourceFile(path: "Examples/Sources/A/main.swift", text: "let a = 1\nlet b = 2\n")
    let page = SourceFile(
      path: "README.md", text: "```sh\nmake\n```\n```swift\nlet a = 1\n```\n```swift\nlet a = 2\n```\n")
    #expect(Quotations.violations(in: page, from: [example]).map(\.line) == [8])
  }
}
