import Testing

@Suite struct GlossaryTests {
  @Test func everyWordIsDefinedOnce() throws {
    expectNone(Glossary.violations(in: try Repository.file("docs/glossary.md")))
  }

  @Test func aMissingAndARepeatedWordAreSeen() {
    let rows = (Glossary.words.dropFirst() + ["tick"]).map { "| **\($0)** | … |\n" }.joined()
    #expect(Glossary.violations(in: SourceFile(path: "docs/glossary.md", text: rows)).count == 2)
  }
}
