import Testing

@Suite struct NamedTestsTests {
  @Test func everyTestThatAPageNamesExists() throws {
    let tests = try Repository.swiftFiles(in: "Tests")
    let names = Set(tests.map(\.name) + tests.map(\.module))
    let exemptions = try Repository.file("Tests/untested.txt")
    for page in try Repository.files(in: "docs", extensions: ["md"]) {
      expectNone(NamedTests.violations(in: page, names: names, exemptions: exemptions))
    }
  }

  @Test func aTestThatIsGoneIsSeen() {
    let page = SourceFile(path: "docs/page.md", text: "`ScaleTests`, `StressTests`\n`PromisedTests`, `GoneTests`\n")
    let exemptions = SourceFile(path: "untested.txt", text: "Sources/Ballast/Promised.swift: later\n")
    let violations = NamedTests.violations(in: page, names: ["ScaleTests", "StressTests"], exemptions: exemptions)
    #expect(violations == [page.violation(1, "GoneTests does not exist")])
  }
}
