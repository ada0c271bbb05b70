import Testing

@Suite struct LinksTests {
  @Test func everyLinkLeadsSomewhere() throws {
    var pages = try ["docs", "Benchmarks", "Examples"].flatMap { try Repository.files(in: $0, extensions: ["md"]) }
    pages.append(try Repository.file("README.md"))
    expectNone(pages.flatMap { Links.violations(in: $0, exists: Repository.contains) })
  }

  @Test func aDeadLinkIsSeen() {
    let text =
      "[a](../README.md#top) [b](https://example.org/x)\n![c](images/gone.svg) [d](#here)\n```\n[e](none)\n```\n"
    let page = SourceFile(path: "docs/page.md", text: text)
    #expect(Links.violations(in: page) { $0 == "README.md" }.map(\.line) == [2])
  }
}
