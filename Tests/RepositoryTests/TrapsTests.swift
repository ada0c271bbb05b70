import Testing

@Suite struct TrapsTests {
  @Test(arguments: ["Sources", "Tests", "Benchmarks", "Examples"])
  func nothingTrapsOrIsLeftForLater(folder: String) throws {
    expectNone(try Repository.swiftFiles(in: folder).flatMap(Traps.violations))
  }

  @Test(arguments: [
    "let x = try! f()", "let y = x as! Int", "fatalError(\"no\")", "fatalError (\"no\")", "// \("TO" + "DO"): later",
    "let z = 0  // \("FIX" + "ME")",
  ])
  func aTrapIsSeen(line: String) {
    #expect(Traps.violations(in: SourceFile(path: "Sources/Ballast/Fixture.swift", text: line)).count == 1)
  }

  @Test func aTrapInAStringIsNone() {
    let text = "let advice = \"never write try! or fatalError(\"\nlet xs = ys as? Int\n"
    #expect(Traps.violations(in: SourceFile(path: "Sources/Ballast/Fixture.swift", text: text)) == [])
  }
}
