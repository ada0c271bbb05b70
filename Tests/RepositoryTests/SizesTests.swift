import Testing

@Suite struct SizesTests {
  @Test func noFileAndNoFunctionIsTooLong() throws {
    let files =
      try Repository.files(in: "Sources", extensions: ["swift", "c", "h"]) + Repository.swiftFiles(in: "Tests")
    expectNone(files.flatMap(Sizes.violations))
  }

  @Test func mostFilesAreShort() throws {
    let files = try Repository.swiftFiles(in: "Sources") + Repository.swiftFiles(in: "Tests")
    #expect(Sizes.distribution(of: files) == [])
  }

  @Test func aLongFileIsSeen() {
    let file = fixture(String(repeating: "\n", count: 400) + "let last = 0\n")
    #expect(Sizes.violations(in: file).count == 1)
  }

  @Test func aLongFunctionIsSeenWhereItBegins() {
    let filler = String(repeating: "    let brace = \"{\" // }\n", count: 39)
    let file = fixture("protocol P {\n  func none()\n}\nstruct S {\n  func long() {\n\(filler)  }\n}\n")
    #expect(Sizes.violations(in: file).map(\.line) == [5])
  }

  @Test func aFunctionOfFortyLinesIsNotTooLong() {
    let filler = String(repeating: "    let text = \"\\(value(\"}\"))\"\n", count: 38)
    #expect(Sizes.violations(in: fixture("struct S {\n  func fits() {\n\(filler)  }\n}\n")) == [])
  }

  @Test func aHeavyDistributionIsSeen() {
    let long = fixture(String(repeating: "\n", count: 300))
    #expect(Sizes.distribution(of: [long, long, long]).count == 2)
    #expect(Sizes.distribution(of: []).count == 1)
  }

  private func fixture(_ text: String) -> SourceFile {
    SourceFile(path: "Sources/BallastRuntime/Fixture.swift", text: text)
  }
}
